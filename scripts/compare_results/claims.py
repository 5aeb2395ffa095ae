"""Verdicts on the claims and questions, each from finished comparisons: published, measured, verdict, how sure."""

import dataclasses
import math
import statistics

from . import sets
from .numbers import (Interval, class_values, count_text, differences, pair_of, pair_sign, pair_text, predicted_ratio, row_of,
                      seeds_of, thirds, verdict_of)


@dataclasses.dataclass
class Claim:
    id: str
    published: str
    measured: str
    rule: str
    verdict: str
    sure: str


NOT_TESTED = "not tested"


def on_sets(results, a, b, rule="pairs"):
    """{set: pair} of the published sets on which b was compared with a."""
    found = {name: pair_of(result, a, b, rule) for name, result in results.items()}
    return {name: pair for name, pair in found.items() if pair is not None and pair["p_corrected"] is not None}


def names_with(results, *losses):
    """The competitor among `losses` that took part, by set: in multi-label sets a loss has another text form."""
    for name, result in results.items():
        for loss in losses:
            if row_of(result, loss) is not None:
                yield name, result, loss
                break


def baseline_pairs(results, kind, rule):
    """{set: pair of the loss `kind` against the set's baseline}."""
    out = {}
    joint = "," if ":" in kind else ":"
    for name, result, loss in names_with(results, kind, f"{kind}{joint}mode=sigmoid"):
        pair = pair_of(result, result["baseline"], loss, rule)
        if pair is not None and pair["p_corrected"] is not None:
            out[name] = pair
    return out


def c1(results):
    lines, verdicts = [], []
    for kind in ("dice", "dsc", sets.AUTHORS_DSC, "tversky"):
        fixed, tuned = (baseline_pairs(results, kind, rule) for rule in ("pairs", "pairs_tuned"))
        if not fixed:
            continue
        of, of_tuned = [pair_sign(p) for p in fixed.values()], [pair_sign(p) for p in tuned.values()]
        lines.append(f"{kind}: {count_text(of)} ({', '.join(f'{name} {pair_text(pair)}' for name, pair in fixed.items())}); with rules "
                     f"tuned on dev {count_text(of_tuned)}")
        verdicts.append(f"{kind}: {verdict_of(of)}, with tuned rules: {verdict_of(of_tuned)}")
    if not lines:
        return Claim("C1", "Dice losses raise F1 on skewed tasks", "", "", NOT_TESTED, "")
    return Claim("C1", "Dice losses (DL, DSC) instead of CE raise F1 where labels are skewed", "; ".join(lines) + ".",
                 "each set and loss: `better` or `worse` by the corrected test of `compare`", "; ".join(verdicts),
                 f"{len(results)} sets, small models trained from nothing; the paper's had been pre-trained")


def c2_c13(results):
    ratios, gaps, texts = [], [], []
    for name, result, loss in names_with(results, "ce"):
        row = row_of(result, loss)
        head, tail = thirds(result)
        top = predicted_ratio(row, head[:1])
        log_ratio = Interval([math.log(r) if r else None for r in top])
        recall_head, recall_tail = class_values(row, head, "recall"), class_values(row, tail, "recall")
        gap = Interval([a - b for a, b in zip(recall_head, recall_tail)])
        ratios.append((name, log_ratio))
        gaps.append((name, gap))
        if log_ratio.mean is not None and gap.mean is not None:
            texts.append(f"{name} {math.exp(log_ratio.mean):.2f} and {gap.mean:+.2f}")
    if not texts:
        return [Claim(i, p, "", "", NOT_TESTED, "") for i, p in (("C2", "CE over-predicts the frequent label"),
                                                                ("C13", "CE predicts head classes too often"))]
    of_ratio, of_gap = [r.sign for _, r in ratios], [g.sign for _, g in gaps]
    measured = ("times the most frequent class is predicted for each time it is right to, and recall of the most frequent "
                "third of classes minus recall of the rarest: " + ", ".join(texts))
    return [Claim("C2", "CE trained on skewed labels over-predicts the frequent label",
                  measured + f". Ratio above 1: {count_text(of_ratio)}.", "interval of the log ratio over seeds above 0",
                  verdict_of(of_ratio), "sure of the direction on each set; the size is the set's own"),
            Claim("C13", "CE predicts head classes too often and tails do not generalise",
                  f"Ratio above 1: {count_text(of_ratio)}; head recalled better than tail: {count_text(of_gap)} (numbers in C2).",
                  "both intervals over seeds above 0", verdict_of([min(a, b) if None not in (a, b) else None
                                                                    for a, b in zip(of_ratio, of_gap)]),
                  "as C2")]


def c3(gradients):
    published = "Easy negatives dominate the gradient of CE; (1-p) weights stop that"
    if gradients is None:
        return Claim("C3", published, "", "", NOT_TESTED, "")
    edges = gradients["edges"]
    easy = edges.index(0.2)  # buckets below p = 0.2
    last = str(gradients["epochs"][-1])
    first = str(gradients["epochs"][0])

    def easy_share(where, loss, epochs):
        return [sum(s["negatives"][:easy]) for s in gradients[where][loss][epochs]]

    parts = []
    for loss in ("ce", "focal", "dice", "dsc", sets.AUTHORS_DSC):
        parts.append(f"{loss} {Interval(easy_share('same_model', loss, first)).mean:.2f} and "
                     f"{Interval(easy_share('same_model', loss, last)).mean:.2f}, on its own model "
                     f"{Interval(easy_share('own_model', loss, last)).mean:.2f}")
    dominate = Interval([x - 0.5 for x in easy_share("same_model", "ce", first)])
    dominate_late = Interval([x - 0.5 for x in easy_share("same_model", "ce", last)])
    less = {loss: [Interval([a - b for a, b in zip(easy_share("same_model", "ce", e), easy_share("same_model", loss, e))])
                   for e in (first, last)] for loss in ("dsc", sets.AUTHORS_DSC)}
    differences_text = "; ".join(f"ce minus {loss}: {early.text()} and {late.text()}" for loss, (early, late) in less.items())
    sign = lambda interval: interval.sign
    return Claim("C3", published,
                 f"share of the gradient's length from negatives with p < 0.2, on models of ce after {first} and {last} epochs: "
                 + "; ".join(parts) + f". Over a half for ce: {dominate.text()} and {dominate_late.text()}; "
                 f"{differences_text}.",
                 "dominate: share - 0.5 > 0; stopped: share of ce - share of the other > 0; intervals over 5 seeds, after the first and "
                 "the last epoch",
                 f"dominate: {verdict_of([sign(dominate), sign(dominate_late)])}; "
                 + "; ".join(f"stopped by {loss}: {verdict_of([i.sign for i in pair])}" for loss, pair in less.items()),
                 f"one problem ({gradients['data']}: 99 positives, 9,901 negatives) and a small model")


def steps_to(run, metric, target):
    """Epochs until a dev curve reaches the target, linear between epochs; None: it never does."""
    before = 0.0
    for point in run["history"]:
        value = point["dev"].get(metric)
        if value is None:
            return None
        if value >= target:
            epoch = point["epoch"]
            return epoch if epoch <= 1 or value == before else epoch - (value - target) / (value - before)
        before = value
    return None


def c4(squares):
    published = "Squared terms in the denominator speed up learning"
    lines, signs = [], []
    for comparison, result in squares:
        metric = result["metric"]
        for kind in ("dice:", f"{sets.AUTHORS_DSC},"):
            linear, squared = row_of(result, f"{kind}square=false"), row_of(result, f"{kind}square=true")
            if linear is None or squared is None:
                continue
            logs, failed = [], 0
            best = lambda run: max((p["dev"].get(metric) or 0 for p in run["history"]), default=0)
            for a, b, plain in zip(linear["runs"], squared["runs"], row_of(result, "ce")["runs"]):
                final = min(best(a), best(b))
                if final < 0.8 * best(plain):  # one of them has not learned the task
                    failed += 1
                    continue
                logs.append(math.log(steps_to(a, metric, 0.95 * final) / steps_to(b, metric, 0.95 * final)))
            kind = kind[:-1]
            ratio = Interval(logs)
            if failed:
                lines.append(f"{kind} on {comparison.name.split(', ')[1]}: in {failed} of {len(linear['runs'])} seeds one of the two "
                             "forms stays below 80 % of ce")
            if ratio.mean is None or ratio.low is None:
                continue
            lines.append(f"{kind} on {comparison.name.split(', ')[1]}: {math.exp(ratio.mean):.2f} ({math.exp(ratio.low):.2f} to "
                         f"{math.exp(ratio.high):.2f})")
            signs.append(ratio.sign)
    if not lines:
        return Claim("C4", published, "", "", NOT_TESTED, "")
    return Claim("C4", published, "steps that the linear form needs over steps that the squared form needs to reach 95 % of the best dev "
                 "macro-F1 that both reach: " + ", ".join(lines) + ".",
                 "interval of the log ratio over seeds above 0", verdict_of(signs),
                 "two problems, one learning rate each: a larger rate could make up for it")


DICE = ("dice", "dsc", sets.AUTHORS_DSC, "tversky")


def c5_c12(regimes):
    p5 = "DSC alone recovers a good part of what balancing the data gives; its gain is larger the more skewed the data"
    p12 = "The gain in F1 depends on the skew and on the amount of data"
    if len(regimes) < len(sets.SIZES) * len(sets.RATIOS):
        return [Claim("C5", p5, "", "", NOT_TESTED, ""), Claim("C12", p12, "", "", NOT_TESTED, "")]
    gain = {}
    balanced = {}
    for comparison, result in regimes:
        at = (comparison.about["size"], comparison.about["ratio"])
        gain[at] = {loss: differences(result, "ce", loss, result["metric"]) for loss in DICE}
        balanced[at] = differences(result, "ce", "ce@class-balanced", result["metric"])
    cells = sorted(gain)
    lines = [f"{size:,} items 1:{ratio}: dsc {Interval(gain[size, ratio]['dsc']).text()}, {sets.AUTHORS_DSC} "
             f"{Interval(gain[size, ratio][sets.AUTHORS_DSC]).text()}, balanced batches {Interval(balanced[size, ratio]).text()}"
             for size, ratio in cells]
    most = [c for c in cells if c[1] == max(r for _, r in cells)]
    signs = {loss: [Interval(gain[c][loss]).sign for c in most] for loss in ("dsc", sets.AUTHORS_DSC)}
    recovered = {loss: verdict_of(of) for loss, of in signs.items()}
    seeds = min(len(gain[c][k]) for c in cells for k in DICE)

    def slope(of, x):
        """Least squares over the regimes, for each seed."""
        out = []
        for seed in range(seeds):
            points = [(x(c), of(c)[seed]) for c in cells if of(c)[seed] is not None]
            mean_x, mean_y = (statistics.mean(p[i] for p in points) for i in (0, 1))
            out.append(sum((a - mean_x) * (b - mean_y) for a, b in points) / sum((a - mean_x) ** 2 for a, _ in points))
        return Interval(out)

    by_skew = {k: slope(lambda c: gain[c][k], lambda c: math.log10(c[1])) for k in DICE}
    by_size = {k: slope(lambda c: gain[c][k], lambda c: math.log10(c[0])) for k in DICE}
    text = lambda of: ", ".join(f"{k} {v.text()}" for k, v in of.items())
    changes = [abs(v.sign) if v.sign is not None else None for v in [*by_skew.values(), *by_size.values()]]
    return [Claim("C5", p5, "difference in macro-F1 from ce; " + "; ".join(lines) + f". Slope of the gain over log10 of the ratio: "
                  f"{text(by_skew)}.",
                  "recovers: gain at 1:100 above 0 for both sizes; larger with skew: that, and slope above 0 (intervals over seeds)",
                  "; ".join(f"{loss}: recovers: {recovered[loss]}, larger with skew: "
                            + verdict_of([by_skew[loss].sign if by_skew[loss].sign != 1 else max(0, min(signs[loss]))])
                            for loss in recovered),
                  "six regimes of one task, bag-of-words model"),
            Claim("C12", p12, f"slope of the gain over log10 of the ratio: {text(by_skew)}; over log10 of the size: {text(by_size)}.",
                  "each slope's interval leaves out 0", f"{changes.count(1)} of {len(changes)} slopes differ from 0: "
                  + ("confirmed" if changes.count(1) > len(changes) / 2 else "holds in part" if changes.count(1) else "not decided"),
                  "as C5")]


def c8(gradients):
    published = "Focal loss still drives p to 0 and 1; DSC stops pushing once p passes 0.5"
    if gradients is None:
        return Claim("C8", published, "", "", NOT_TESTED, "")
    slopes = gradients["slopes"]
    at = ["0.3", "0.5", "0.6", "0.9", "0.99"]
    text = "; ".join(f"{loss} " + ", ".join(f"{slopes[loss][p]:+.4f}" for p in at) for loss in slopes)
    share = lambda loss, who, key: Interval([h[who][key] for h in gradients["histogram"][loss]])
    hist = "; ".join(f"{loss} {share(loss, 'negatives', 'above_0.99').mean:.2f} and {share(loss, 'positives', 'above_0.99').mean:.2f}"
                     for loss in gradients["histogram"])
    focal = all(slopes["focal"][p] < 0 for p in at)
    stops = {loss: min(slopes[loss][p] for p in ("0.6", "0.8", "0.9", "0.99", "0.999")) >= 0
             for loss in slopes if loss.startswith("dsc")}
    parts = [f"{loss} {'stops beyond 0.5 (its gradient turns round and pulls p back)' if yes else 'still pushes beyond 0.5'}"
             for loss, yes in stops.items()]
    wrong = slopes["dsc"]["0.3"] > 0
    note = (" mode=sigmoid is the paper's binary form. In a softmax of two classes, with smooth=1, dsc pushes every p to the side of 0.5 "
            "where it is, whatever the label."
            if wrong else "")
    fewer = {loss: Interval([a["negatives"]["above_0.99"] - b["negatives"]["above_0.99"] for a, b in
                             zip(gradients["histogram"]["focal"], gradients["histogram"][loss])]) for loss in ("dsc", sets.AUTHORS_DSC)}
    return Claim("C8", published,
                 f"d loss / d logit of the true class at p = {', '.join(at)} (below 0 pushes p up): {text}. Trained models: share of "
                 f"negatives and of positives with more than 0.99 for their own class: {hist}; negatives, focal minus the other: "
                 + ", ".join(f"{loss} {i.text()}" for loss, i in fewer.items()) + "." + note,
                 "signs of the gradient, exact; trained: the interval of the difference over 5 seeds above 0",
                 f"focal {'still pushes at every p: confirmed' if focal else 'does not push everywhere: refuted'}; " + "; ".join(parts)
                 + "; fewer certain negatives than focal: " + ", ".join(f"{loss} {verdict_of([i.sign])}" for loss, i in fewer.items()),
                 "sure of the gradients (they are formulas); the trained models are one problem")


def c11(knobs):
    published = "Weighted CE needs weights that are hard to choose"
    lines, signs = [], []
    for comparison, result in knobs:
        ranges = {}
        for family, losses in sets.KNOBS.items():
            rows = [row_of(result, loss) for loss in losses]
            if any(row is None for row in rows):
                continue
            columns = [seeds_of(row, result["metric"]) for row in rows]
            ranges[family] = [max(v) - min(v) for v in zip(*columns) if None not in v]
        if "wce" not in ranges:
            continue
        lines.append(f"{comparison.name.split(', ')[1]}: " + ", ".join(f"{k} {Interval(v).mean:.3f}" for k, v in ranges.items()))
        for family in ("focal", "dsc", "tversky", "la"):
            if family in ranges:
                signs.append(Interval([a - b for a, b in zip(ranges["wce"], ranges[family])]).sign)
    if not lines:
        return Claim("C11", published, "", "", NOT_TESTED, "")
    return Claim("C11", published, "difference between the best and the worst setting in macro-F1, mean over seeds (settings: see below); "
                 + "; ".join(lines) + f". Larger for wce than for focal, dsc, tversky, la: {count_text(signs)}.",
                 "range of wce minus range of the other, interval over seeds above 0", verdict_of(signs),
                 "depends on which settings are tried: those are from the papers")


def la_of(result):
    return "la" if row_of(result, "la") is not None else "la:tau=1"


def c20(results):
    published = "LA costs a little on head classes and gains on tail classes"
    lines, signs = [], []
    for name, result, loss in names_with(results, "la", "la:tau=1"):
        ce, la = row_of(result, "ce"), row_of(result, loss)
        if ce is None:
            continue
        head, tail = thirds(result)
        of = {key: Interval([b - a for a, b in zip(class_values(ce, classes, "recall"), class_values(la, classes, "recall"))])
              for key, classes in (("head", head), ("tail", tail))}
        if of["tail"].sign is None:
            continue
        lines.append(f"{name} {of['head'].text('{:+.2f}')} and {of['tail'].text('{:+.2f}')}")
        cost_is_small = -of["head"].mean < of["tail"].mean
        signs.append(of["tail"].sign if of["tail"].sign != 1 or cost_is_small else 0)
    if not lines:
        return Claim("C20", published, "", "", NOT_TESTED, "")
    return Claim("C20", published, "change of recall from ce to la (tau 1) in the most frequent and in the rarest third of classes: "
                 + ", ".join(lines) + ".", "tail: interval over seeds above 0, and the head loses less than the tail gains",
                 verdict_of(signs), "fairly; thirds of few classes are coarse")


def q3(results):
    metrics = ["balanced_error", "macro_f1", "micro_f1", "accuracy"]
    lines, agree = [], 0
    for name, result in results.items():
        best = {}
        for metric in metrics:
            rows = [(row["test"][metric]["mean"], row["loss"]) for row in result["losses"]
                    if row["diverged"] == 0 and metric in row["test"] and row["test"][metric]["mean"] is not None]
            if rows:
                best[metric] = (min if metric == "balanced_error" else max)(rows)[1]
        if len(best) < len(metrics):
            continue
        agree += best["balanced_error"] == best["accuracy"]
        lines.append(f"{name}: {best['balanced_error']}, {best['macro_f1']}, {best['accuracy']}")
    if not lines:
        return Claim("Q3", "Why balanced error?", "", "", NOT_TESTED, "")
    return Claim("Q3", "Why balanced error? The target should follow the task",
                 "highest mean by balanced error, macro-F1, accuracy (micro-F1 is the accuracy where an item has one label): "
                 + "; ".join(lines) + ".",
                 "whether the same loss has the highest mean by balanced error and by accuracy",
                 f"the metric decides: the same loss on {agree} of {len(lines)} sets", "sure: the tables are below")


def q5(against):
    weights = "wce:weights=inverse"
    lines, la_signs, sampler_signs = [], [], []
    for name, result in against.items():
        la, sampler = pair_of(result, weights, "la:tau=1"), pair_of(result, weights, "ce@class-balanced")
        lines.append(f"{name} {pair_text(la)}" + (f" and {pair_text(sampler)}" if sampler else ""))
        la_signs.append(pair_sign(la))
        sampler_signs.append(pair_sign(sampler))
    if not lines:
        return Claim("Q5", "Is 1/p(y) weighting as good, and the same as resampling?", "", "", NOT_TESTED, "")
    same = [abs(s) for s in sampler_signs if s is not None]
    return Claim("Q5", "1/p(y) weights are consistent too: are they as good as LA, and the same as up- and down-sampling?",
                 "difference from wce:weights=inverse of la:tau=1 and of balanced batches: " + "; ".join(lines)
                 + f". LA better: {count_text(la_signs)}.",
                 "corrected tests of `compare` with wce:weights=inverse as the baseline",
                 f"LA better than weights: {verdict_of(la_signs)}; sampling differs from weights on {sum(same)} of {len(same)} sets",
                 "fairly: both sources of variation are in the intervals")


def q6(results):
    lines = []
    for name, result, loss in names_with(results, "la", "la:tau=1"):
        difference = Interval(differences(result, "ce", loss, "accuracy"))
        if difference.mean is not None:
            lines.append(f"{name} {difference.text()}")
    if not lines:
        return Claim("Q6", "Report overall accuracy as well", "", "", NOT_TESTED, "")
    return Claim("Q6", "What does LA do to overall accuracy?", "accuracy of la (tau 1) minus that of ce: " + ", ".join(lines) + ".",
                 "interval over seeds", "reported; all tables have it", "seeds only: test items not in these intervals")


def all_claims(results, against, regimes, squares, knobs, gradients):
    return [c1(results), c2_c13(results)[0], c3(gradients), c4(squares), c5_c12(regimes)[0], c8(gradients), c11(knobs),
            c5_c12(regimes)[1], c2_c13(results)[1], c20(results), q3(results), q5(against), q6(results)]
