"""Writes tests/golden/metrics.json: metrics of random predictions by scikit-learn, NumPy and SciPy.

Run by hand: python tests/golden/make_metrics.py. The tests read the file and need no Python.
"""
import json
import pathlib

import numpy as np
import scipy
import scipy.optimize
import scipy.special
import sklearn
from sklearn import metrics as sk


def expected_calibration_error(confidence, right, bins=15):
    total = 0.0
    edges = np.linspace(0, 1, bins + 1)
    for low, high in zip(edges[:-1], edges[1:]):
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            gap = abs(right[inside].mean() - confidence[inside].mean())
            total += inside.mean() * gap
    return total


def none_for_nan(values):
    return [None if np.isnan(v) else float(v) for v in values]


def single_label(rng):
    # Class 4 is predicted but never true, class 5 true but never predicted, class 6 neither.
    n, classes = 160, 7
    labels = rng.choice([0, 1, 2, 3, 5], size=n, p=[0.5, 0.25, 0.15, 0.06, 0.04])
    logits = rng.normal(size=(n, classes)) * 1.5
    logits[np.arange(n), labels] += 1.2
    logits[:, 0] += 0.8
    logits[:, 5:] -= 20
    logits[:3, 4] += 12
    logits = logits.round(3)
    p = scipy.special.softmax(logits, axis=1)
    predicted = p.argmax(1)
    precision, recall, f1, support = sk.precision_recall_fscore_support(
        labels, predicted, labels=range(classes), zero_division=np.nan)
    one_hot = np.eye(classes)[labels]
    return {
        "classes": classes,
        "logits": logits.ravel().tolist(),
        "labels": labels.tolist(),
        "accuracy": sk.accuracy_score(labels, predicted),
        "balanced_error": 1 - sk.balanced_accuracy_score(labels, predicted),
        "macro_f1": sk.f1_score(labels, predicted, average="macro"),
        "micro_f1": sk.f1_score(labels, predicted, average="micro"),
        "loss": sk.log_loss(labels, p, labels=range(classes)),
        "ece": expected_calibration_error(p.max(1), predicted == labels),
        "brier": float(((p - one_hot) ** 2).sum(1).mean()),
        "precision": none_for_nan(precision),
        "recall": none_for_nan(recall),
        "f1": none_for_nan(f1),
        "support": support.tolist(),
        "confusion": sk.confusion_matrix(labels, predicted, labels=range(classes)).ravel().tolist(),
    }


def multi_label(rng):
    # Class 4 is never true.
    n, classes = 60, 5
    targets = (rng.random((n, classes)) < [0.6, 0.3, 0.1, 0.05, 0]).astype(int)
    logits = (rng.normal(size=(n, classes)) * 1.5 + 2.5 * targets - 1).round(3)
    p = scipy.special.expit(logits)
    thresholds = np.array([0.5, 0.4, 0.3, 0.6, 0.9])
    out = {"classes": classes, "logits": logits.ravel().tolist(),
           "targets": targets.ravel().tolist(), "thresholds": thresholds.tolist(),
           "loss": float(-(targets * np.log(p) + (1 - targets) * np.log1p(-p)).mean())}
    for name, rule in (("half", 0.5), ("tuned", thresholds)):
        predicted = (p >= rule).astype(int)
        balanced = [1 - sk.balanced_accuracy_score(targets[:, k], predicted[:, k])
                    for k in range(classes - 1)]
        out[name] = {
            "accuracy": sk.accuracy_score(targets, predicted),
            "macro_f1": sk.f1_score(targets, predicted, average="macro", zero_division=np.nan),
            "micro_f1": sk.f1_score(targets, predicted, average="micro"),
            "balanced_error": float(np.mean(balanced)),
            "f1": none_for_nan(sk.f1_score(targets, predicted, average=None, zero_division=np.nan)),
        }
    return out


def temperature(rng):
    n, classes = 80, 4
    labels = rng.integers(0, classes, n)
    logits = rng.normal(size=(n, classes)) * 4
    logits[np.arange(n), labels] += 4
    logits = logits.round(3)

    def nll(log_t):
        z = logits / np.exp(log_t)
        return (scipy.special.logsumexp(z, axis=1) - z[np.arange(n), labels]).mean()

    best = scipy.optimize.minimize_scalar(nll, bounds=(-4, 4), method="bounded",
                                          options={"xatol": 1e-12})
    return {"classes": classes, "logits": logits.ravel().tolist(), "labels": labels.tolist(),
            "temperature": float(np.exp(best.x)), "loss": float(best.fun)}


def main():
    rng = np.random.default_rng(20240501)
    golden = {
        "made_with": {"numpy": np.__version__, "scipy": scipy.__version__,
                      "scikit-learn": sklearn.__version__},
        "single_label": single_label(rng),
        "multi_label": multi_label(rng),
        "temperature": temperature(rng),
    }
    path = pathlib.Path(__file__).with_name("metrics.json")
    path.write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
