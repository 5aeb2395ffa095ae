"""The tables of docs/results_compare.md, written between its marks."""

import json
import pathlib
import shlex
import sys

from . import claims, sets
from .numbers import Interval, class_values, pair_of, pair_text, row_of, thirds


def load(out, comparison, suffix=""):
    path = out / (comparison.folder + suffix) / "result.json"
    if not path.exists():
        return None
    return json.loads(path.read_text())


def mean_text(row, metric, rule="test", form="{:.3f}"):
    summary = row[rule].get(metric)
    if summary is None or summary["mean"] is None:
        return "n/a"
    text = form.format(summary["mean"])
    return text + (f" ± {form.format(summary['sd'])}" if summary["sd"] is not None else "")


def settings_text(comparison, out, data):
    """The command, with the folders of this machine left out."""
    words = [word.replace("{made}", "made") for word in comparison.arguments]
    words = [str(pathlib.Path(word).relative_to(data)) if data and word.startswith(str(data)) else word for word in words]
    return " ".join(shlex.quote(w) for w in words)


def twins_of(result):
    """Competitors whose weights are those of the baseline in every seed: at their defaults they are the same loss here."""
    hashes = {row["loss"]: [run.get("weights_hash") for run in row["runs"]] for row in result["losses"]}
    base = hashes[result["baseline"]]
    return [loss for loss, own in hashes.items() if loss != result["baseline"] and own == base]


def set_table(comparison, result, out, data):
    metric = result["metric"]
    spans = metric == "span_f1"
    metrics = [metric, *(m for m in ("balanced_error", "macro_f1", "micro_f1", "accuracy") if m != metric)]
    if result["task"] != "multilabel":
        metrics = [m for m in metrics if m != "micro_f1"]
    names = {"balanced_error": "balanced error", "macro_f1": "macro-F1", "micro_f1": "micro-F1", "span_f1": "span-F1"}
    head = ["loss", *(names.get(m, m) for m in metrics), f"{names.get(metric, metric)}, tuned rule", "recall, rarest third",
            f"against `{result['baseline']}`"]
    _, tail = thirds(result)
    items = result["data"]["items"]
    lines = [f"### {comparison.name}", "", f"{result['answer']}", "",
             f"{items['train']:,} / {items['dev']:,} / {items['test']:,} items, {len(result['labels_'])} classes; "
             f"{len(result['seeds'])} seeds; `tailgrad compare {settings_text(comparison, out, data)} --losses '{result['config']['losses']}' "
             f"--seeds {len(result['seeds'])}`",
             ""]
    lines += ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    twins = twins_of(result)
    order = sorted((row for row in result["losses"] if row["loss"] not in twins),
                   key=lambda row: -(row["test"].get(metric, {}).get("mean") or -1))
    for row in order:
        pair = pair_of(result, result["baseline"], row["loss"])
        verdict = "(baseline)" if row["loss"] == result["baseline"] else (
            f"{pair_text(pair)}, {pair['verdict']}" if pair and pair["p_corrected"] is not None else "not tested")
        if row["diverged"]:
            verdict = f"diverged in {row['diverged']} of {len(result['seeds'])}; {verdict}"
        rare = class_values(row, tail, "recall")
        cells = [f"`{row['loss']}`", *(mean_text(row, m) for m in metrics), mean_text(row, metric, "test_tuned"),
                 Interval(rare).text("{:.2f}").split(" ")[0] if rare else "n/a", verdict]
        lines.append("| " + " | ".join(cells) + " |")
    if twins:
        lines += ["", f"The same weights as `{result['baseline']}` in every seed, at their defaults: "
                  + ", ".join(f"`{t}`" for t in twins) + "."]
    left = [note for note in result["notes"] if note.startswith("losses left out")]
    if left:
        names = [part.split(" (")[0] for part in left[0].split(": ", 1)[1].split("; ")]
        lines += ["", f"Do not fit the task: {', '.join(f'`{n}`' for n in names)}."]
    return lines + [""]


def against_baseline(result):
    return [pair for pair in result["pairs"] if pair["a"] == result["baseline"]]


def overview(results, every):
    lines = ["| data | metric | baseline | recommended | difference, 95 % interval | with tuned rules | may be better still | better / no "
             "difference / worse of |", "|---" * 8 + "|"]
    for name, result in results.items():
        best = result["recommended"]
        pair = pair_of(result, result["baseline"], best)
        tuned = pair_of(result, result["baseline"], best, "pairs_tuned")
        base = against_baseline(result)
        count = lambda word: sum(p["verdict"] == word for p in base)
        row = row_of(result, result["baseline"])
        lines.append("| " + " | ".join([
            name, result["metric"], f"`{result['baseline']}` {mean_text(row, result['metric'])}", f"`{best}`",
            pair_text(pair) if pair else "", pair_text(tuned) if tuned else "",
            f"`{result['undecided']}`" if result.get("undecided") else "",
            f"{count('better')} / {count('no detectable difference')} / {count('worse')} of {len(base)}"]) + " |")
    missing = [c.name for c in every if c.part == "published" and c.name not in results]
    if missing:
        lines += ["", f"Not run yet: {', '.join(missing)}. The same command goes on with them."]
    return lines


def losses_over_sets(results):
    """Every loss with the sets where it is detectably better or worse than the baseline, best mean difference first."""
    verdicts = {}
    for name, result in results.items():
        for pair in against_baseline(result):
            if pair["difference"] is not None:
                loss = pair["b"].replace(",mode=sigmoid", "").replace(":mode=sigmoid", "")
                verdicts.setdefault(loss, []).append((name, pair["verdict"], pair["difference"]))
    mean = lambda loss: sum(d for _, _, d in verdicts[loss]) / len(verdicts[loss])
    lines = ["| loss | better on | worse on | sets | mean difference | least and greatest |", "|---" * 6 + "|"]
    for loss in sorted(verdicts, key=mean, reverse=True):
        found = verdicts[loss]
        where = lambda word: ", ".join(name for name, verdict, _ in found if verdict == word)
        all_differences = [d for _, _, d in found]
        lines.append(f"| `{loss}` | {where('better')} | {where('worse')} | {len(found)} | {mean(loss):+.3f} | "
                     f"{min(all_differences):+.3f} to {max(all_differences):+.3f} |")
    return lines


def claim_table(all_claims):
    lines = ["| | published | measured | rule | verdict | how sure |", "|---" * 6 + "|"]
    for claim in all_claims:
        lines.append(f"| {claim.id} | {claim.published} | {claim.measured} | {claim.rule} | **{claim.verdict}** | {claim.sure} |")
    return lines


def regime_table(regimes):
    losses = sets.REGIME_LOSSES.split(";")
    lines = ["| items | positives : negatives | " + " | ".join(f"`{loss}`" for loss in losses) + " |", "|---" * (2 + len(losses)) + "|"]
    for comparison, result in regimes:
        cells = [mean_text(row_of(result, loss), result["metric"]) for loss in losses]
        lines.append(f"| {comparison.about['size']:,} | 1 : {comparison.about['ratio']} | " + " | ".join(cells) + " |")
    return lines


def knob_table(knobs):
    if not knobs:
        return []
    names = [comparison.name.split(", ")[1] for comparison, _ in knobs]
    lines = ["| loss | " + " | ".join(names) + " |", "|---" * (1 + len(names)) + "|"]
    for loss in ["ce", *(loss for family in sets.KNOBS.values() for loss in family)]:
        lines.append(f"| `{loss}` | " + " | ".join(mean_text(row_of(r, loss), r["metric"]) for _, r in knobs) + " |")
    return lines


def gradient_table(gradients):
    if gradients is None:
        return []
    edges = gradients["edges"]
    names = [f"negatives, p {edges[i]:g} to {min(1, edges[i + 1]):g}" for i in range(len(edges) - 1)]
    lines = ["| model of | epochs | gradient of | " + " | ".join(names) + " | positives |", "|---" * (4 + len(names)) + "|"]
    for where in ("same_model", "own_model"):
        for loss, by_epoch in gradients[where].items():
            if where == "own_model" and loss == "ce":
                continue
            for epochs, seeds in by_epoch.items():
                cells = [f"{Interval([s['negatives'][i] for s in seeds]).mean:.3f}" for i in range(len(names))]
                lines.append(f"| `{'ce' if where == 'same_model' else loss}` | {epochs} | `{loss}` | " + " | ".join(cells)
                             + f" | {Interval([s['positives'] for s in seeds]).mean:.3f} |")
    return lines


def write_between(text, mark, lines):
    begin, end = f"<!-- {mark}:begin -->", f"<!-- {mark}:end -->"
    if begin not in text or end not in text:
        sys.exit(f"the page lacks the marks {begin} and {end}")
    before, rest = text.split(begin, 1)
    return before + begin + "\n" + "\n".join(lines) + "\n" + end + rest.split(end, 1)[1]


def write(path, out, every, data=None):
    found = [(c, load(out, c)) for c in every]
    found = [(c, r) for c, r in found if r is not None]
    for _, result in found:
        result["labels_"] = result["data"]["classes"]
    part = lambda name: [(c, r) for c, r in found if c.part == name]
    order = {c.name: i for i, c in enumerate(sets.published("/"))}
    published = dict(sorted(((c.name, r) for c, r in part("published")), key=lambda item: order[item[0]]))
    by_name = {c.name: c for c, _ in part("published")}
    against = {c.name: load(out, c, "-against") for c, _ in part("published")}
    against = {name: against[name] for name in published if against[name] is not None}
    gradients = out / "gradients" / "result.json"
    gradients = json.loads(gradients.read_text()) if gradients.exists() else None
    verdicts = claims.all_claims(published, against, part("regimes"), part("squares"), part("knobs"), gradients)
    text = path.read_text(encoding="utf-8")
    text = write_between(text, "overview", overview(published, every))
    text = write_between(text, "losses", losses_over_sets(published))
    text = write_between(text, "claims", claim_table(verdicts))
    text = write_between(text, "sets", [line for name, r in published.items() for line in set_table(by_name[name], r, out, data)])
    text = write_between(text, "regimes", regime_table(part("regimes")))
    text = write_between(text, "knobs", knob_table(part("knobs")))
    text = write_between(text, "gradients", gradient_table(gradients))
    path.write_text(text, encoding="utf-8")
