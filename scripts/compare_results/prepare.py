"""Files that the comparisons read and no publisher has in that form."""

import pathlib
import random

from . import sets

WORDNET = pathlib.Path("/usr/share/wordnet")
POSITIVE = "18"  # noun.person, 11,087 of 117,659 glosses
DEV, TEST = 2000, 10000


def trec6(data, made):
    """`COARSE:fine question` as two columns, of the six coarse classes."""
    for part in ("train", "test"):
        out = made / f"trec6_{part}.tsv"
        if out.exists():
            continue
        lines = pathlib.Path(data, "text_trec_qc", f"{part}.txt").read_bytes().splitlines()
        rows = (line.split(b" ", 1) for line in lines)
        out.write_bytes(b"".join(label.split(b":")[0] + b"\t" + text + b"\n" for label, text in rows))


def glosses():
    """(is positive, gloss) of every synset, each gloss once."""
    found = {}
    for part in ("noun", "verb", "adj", "adv"):
        for line in (WORDNET / f"data.{part}").read_text(encoding="utf-8").splitlines():
            if line.startswith("  "):
                continue
            head, gloss = line.split(" | ", 1)
            found.setdefault(gloss.strip().replace("\t", " "), head.split(" ", 2)[1] == POSITIVE)
    return [(positive, gloss) for gloss, positive in found.items()]


def regimes(made):
    """Training files of every size and ratio; development and test files keep the natural share of positives."""
    names = ["regime_dev", "regime_test", *(sets.regime(s, r) for s in sets.SIZES for r in sets.RATIOS)]
    if all((made / f"{name}.tsv").exists() for name in names):
        return
    rows = sorted(glosses())
    random.Random(1).shuffle(rows)

    def write(name, items):
        lines = [f"{'person' if positive else 'other'}\t{gloss}\n" for positive, gloss in items]
        (made / f"{name}.tsv").write_text("label\ttext\n" + "".join(lines), encoding="utf-8")

    write("regime_dev", rows[:DEV])
    write("regime_test", rows[DEV:DEV + TEST])
    positives = [row for row in rows[DEV + TEST:] if row[0]]
    negatives = [row for row in rows[DEV + TEST:] if not row[0]]
    for size in sets.SIZES:
        for ratio in sets.RATIOS:
            few = round(size / (ratio + 1))
            items = positives[:few] + negatives[:size - few]
            random.Random(2).shuffle(items)
            write(sets.regime(size, ratio), items)


def everything(data, made):
    made.mkdir(parents=True, exist_ok=True)
    trec6(data, made)
    regimes(made)
