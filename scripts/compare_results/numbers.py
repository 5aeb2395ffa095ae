"""Means and intervals over seeds, and what they say about a claim."""

import math
import statistics

# Two-sided 95 % quantiles of Student's t for 1, 2, … degrees of freedom.
T95 = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
       2.110, 2.101, 2.093, 2.086]


class Interval:
    """Mean over seeds with its 95 % t-interval; the variation of the test items is not in it."""

    def __init__(self, values):
        self.values = [v for v in values if v is not None and math.isfinite(v)]
        self.mean = statistics.mean(self.values) if self.values else None
        self.low = self.high = None
        if len(self.values) > 1:
            freedom = len(self.values) - 1
            t = T95[freedom - 1] if freedom <= len(T95) else 1.96
            reach = t * statistics.stdev(self.values) / math.sqrt(len(self.values))
            self.low, self.high = self.mean - reach, self.mean + reach

    def text(self, form="{:+.3f}"):
        if self.mean is None:
            return "n/a"
        if self.low is None:
            return form.format(self.mean)
        return f"{form.format(self.mean)} ({form.format(self.low)} to {form.format(self.high)})"

    @property
    def sign(self):
        """+1 or -1 when the interval is on one side of 0, else 0; None when there is none."""
        if self.low is None:
            return None
        return 1 if self.low > 0 else -1 if self.high < 0 else 0


def verdict_of(signs):
    """Of several tests of one claim (+1 as claimed, -1 the opposite, 0 undecided): the rule of the page."""
    signs = [s for s in signs if s is not None]
    held, opposed = signs.count(1), signs.count(-1)
    if not signs:
        return "not tested"
    if held > len(signs) / 2 and opposed == 0:
        return "confirmed"
    if opposed > len(signs) / 2 and held == 0:
        return "refuted"
    if held == 0 and opposed == 0:
        return "not decided"
    if held > 0 and opposed > 0:
        return "depends on the data"
    return "holds in part" if held > 0 else "refuted in part"


def count_text(signs):
    signs = [s for s in signs if s is not None]
    return f"as claimed in {signs.count(1)}, the opposite in {signs.count(-1)}, undecided in {signs.count(0)} of {len(signs)}"


def row_of(result, loss):
    """The row of a competitor, by the name it was given; None if it did not take part."""
    return next((row for row in result["losses"] if row["loss"] == loss), None)


def seeds_of(row, metric, rule="test"):
    return row[rule][metric]["values"] if metric in row[rule] else []


def differences(result, a, b, metric, rule="test"):
    """b - a, a number a seed; None where one of them has none."""
    first, second = row_of(result, a), row_of(result, b)
    if first is None or second is None:
        return []
    pairs = zip(seeds_of(first, metric, rule), seeds_of(second, metric, rule))
    return [None if x is None or y is None else y - x for x, y in pairs]


def pair_of(result, a, b, rule="pairs"):
    return next((pair for pair in result[rule] if pair["a"] == a and pair["b"] == b), None)


def pair_sign(pair, up=True):
    """+1 if b is better by the corrected test, -1 if worse, 0 if neither."""
    if pair is None or pair["p_corrected"] is None:
        return None
    if pair["verdict"] == "better":
        return 1
    return -1 if pair["verdict"] == "worse" else 0


def pair_text(pair):
    if pair is None or pair["difference"] is None:
        return "n/a"
    if pair["low"] is None:
        return f"{pair['difference']:+.3f}"
    return f"{pair['difference']:+.3f} ({pair['low']:+.3f} to {pair['high']:+.3f})"


def thirds(result):
    """Classes of the training data by frequency: indices of the most frequent third, of the rarest third."""
    counts = [(row["train_count"], k) for k, row in enumerate(result["losses"][0]["per_class"])
              if row["train_count"] and row["support"]]
    order = [k for _, k in sorted(counts, reverse=True)]
    size = max(1, round(len(order) / 3))
    return order[:size], order[-size:]


def class_values(row, classes, key):
    """Mean over classes, a number a seed."""
    if not row["per_class"]:  # every seed diverged
        return []
    columns = [row["per_class"][k][key]["values"] for k in classes]
    columns = [c for c in columns if any(v is not None for v in c)]
    return [statistics.mean([v if v is not None else 0.0 for v in seed]) for seed in zip(*columns)] if columns else []


def predicted_ratio(row, classes):
    """Predicted items of these classes over true ones, a number a seed: recall / precision, class by class."""
    ratios = []
    for seed in range(len(row["runs"])):
        predicted = true = 0.0
        for k in classes:
            line = row["per_class"][k]
            recall, precision = line["recall"]["values"][seed], line["precision"]["values"][seed]
            if recall is None:
                continue
            true += line["support"]
            if precision:
                predicted += line["support"] * recall / precision
        ratios.append(predicted / true if true else None)
    return ratios
