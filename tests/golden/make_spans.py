"""Writes tests/golden/spans.json: spans and scores of random tag sequences by seqeval.

Run by hand: pip install seqeval; python tests/golden/make_spans.py. The tests read the file and
need no Python. Every case holds gold and predicted tags of a few sentences in one scheme. Half of
the cases are random letters, so that many tags are ill-formed; in the others gold is well-formed.

  loose   seqeval's default mode, which reads B, I and O as conlleval does
  strict  seqeval's mode="strict"; only for iob2 and iobes. (seqeval has no bmes, and its iob1 opens
          a span at an I that follows an ill-formed B of the same type, which no scheme spells.)

Spans are [sentence, type, begin, end] with end exclusive; scores are [precision, recall, f1,
support] of each type by name, and micro and macro [precision, recall, f1]. What seqeval sets to 0
because its denominator is 0 is null.
"""
import json
import pathlib
import random
import warnings

import numpy
import seqeval
from seqeval.metrics.sequence_labeling import get_entities
from seqeval.metrics.sequence_labeling import precision_recall_fscore_support as default_scores
from seqeval.metrics.v1 import precision_recall_fscore_support as strict_scores
from seqeval.scheme import IOB2, IOBES, Entities

TYPES = ["LOC", "PER", "a-b"]
LETTERS = {"iob1": "BI", "iob2": "BI", "iobes": "BIES"}
SCHEMES = {"iob2": IOB2, "iobes": IOBES}


def spell(scheme, spans, length):
    tags = ["O"] * length
    before = (0, 0, None)
    for begin, end, kind in spans:
        for t in range(begin, end):
            if scheme == "iob1":
                letter = "B" if t == begin and before[1:] == (begin, kind) and begin > 0 else "I"
            elif scheme == "iob2":
                letter = "B" if t == begin else "I"
            elif end - begin == 1:
                letter = "S"
            else:
                letter = "B" if t == begin else "E" if t == end - 1 else "I"
            tags[t] = f"{letter}-{kind}"
        before = (begin, end, kind)
    return tags


def well_formed(rng, scheme, length):
    spans, at = [], 0
    while at < length:
        if rng.random() < 0.5:
            at += 1
            continue
        end = min(length, at + rng.randint(1, 3))
        spans.append((at, end, rng.choice(TYPES)))
        at = end
    return spell(scheme, spans, length)


def any_tags(rng, scheme, length):
    return ["O" if rng.random() < 0.35 else f"{rng.choice(LETTERS[scheme])}-{rng.choice(TYPES)}"
            for _ in range(length)]


def changed(rng, scheme, tags):
    other = any_tags(rng, scheme, len(tags))
    return [o if rng.random() < 0.25 else t for t, o in zip(tags, other)]


def loose_spans(sentences):
    return sorted([s, kind, begin, end + 1] for s, tags in enumerate(sentences)
                  for kind, begin, end in get_entities(tags))


def strict_spans(sentences, scheme):
    found = Entities(sentences, SCHEMES[scheme]).entities
    return sorted([e.sent_id, e.tag, e.start, e.end] for sentence in found for e in sentence)


def scores(gold, predicted, gold_spans, predicted_spans, score):
    types = sorted({s[1] for s in gold_spans + predicted_spans})
    out = {"per_type": {}}
    rows = score(gold, predicted, average=None, zero_division=0)
    for k, kind in enumerate(types):
        p, r, f, n = (float(row[k]) for row in rows)
        out["per_type"][kind] = [p if any(s[1] == kind for s in predicted_spans) else None,
                                 r if n else None, f, int(n)]
    for average in ("micro", "macro"):
        p, r, f, _ = score(gold, predicted, average=average, zero_division=0)
        out[average] = [float(p), float(r), float(f)]
    return out


def case(rng, scheme, ragged):
    lengths = [rng.randint(1, 9) for _ in range(rng.randint(1, 5))]
    if ragged:
        gold = [any_tags(rng, scheme, n) for n in lengths]
        predicted = [changed(rng, scheme, tags) for tags in gold]
    else:
        gold = [well_formed(rng, scheme, n) for n in lengths]
        predicted = [changed(rng, scheme, tags) for tags in gold]
    out = {"scheme": scheme, "gold": gold, "predicted": predicted}
    loose = loose_spans(gold), loose_spans(predicted)
    out["loose"] = {"gold": loose[0], "predicted": loose[1]}
    if loose[0] and loose[1]:
        out["loose"].update(scores(gold, predicted, *loose, default_scores))
    if scheme in SCHEMES:
        strict = strict_spans(gold, scheme), strict_spans(predicted, scheme)
        out["strict"] = {"gold": strict[0], "predicted": strict[1]}
        if strict[0] and strict[1]:
            def score(true, pred, **options):
                return strict_scores(true, pred, scheme=SCHEMES[scheme], **options)
            out["strict"].update(scores(gold, predicted, *strict, score))
    return out


def main():
    warnings.simplefilter("ignore")
    rng = random.Random(20240501)
    cases = [case(rng, scheme, ragged) for scheme in LETTERS for ragged in (False, True)
             for _ in range(12)]
    golden = {"made_with": {"seqeval": getattr(seqeval, "__version__", "1.2.2"),
                            "numpy": numpy.__version__},
              "cases": cases}
    path = pathlib.Path(__file__).with_name("spans.json")
    path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
