"""Where the gradient of a loss comes from during training (claims C3 and C8), by `train`, `predict` and `loss`."""

import ast
import json
import math
import os
import pathlib
import struct
import subprocess

from . import sets

LOSSES = ["ce", "focal", "dice", "dsc", sets.AUTHORS_DSC]
EPOCHS = [1, 8]
SLOPES = ["ce", "focal", "dsc:mode=sigmoid", "dsc", sets.AUTHORS_DSC]
SEEDS = [1, 2, 3, 4, 5]
DATA = sets.regime(10000, 100)
# Probability of the positive class.
EDGES = [0, 0.1, 0.2, 0.5, 0.8, 1.0000001]


def read_npy(path):
    """(shape, values in rows) of a little-endian .npy file of numbers."""
    data = pathlib.Path(path).read_bytes()
    version = data[6]
    size = struct.unpack("<H" if version == 1 else "<I", data[8:10 if version == 1 else 12])[0]
    start = (10 if version == 1 else 12) + size
    head = ast.literal_eval(data[start - size:start].decode())
    code, width = {"<f4": ("f", 4), "<f8": ("d", 8), "<i8": ("q", 8), "<i4": ("i", 4)}[head["descr"]]
    return head["shape"], struct.unpack(f"<{(len(data) - start) // width}{code}", data[start:])


def write_npy(path, shape, code, values):
    descr = {"f": "<f4", "d": "<f8", "q": "<i8"}[code]
    head = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {tuple(shape)!r}, }}"
    head += " " * (63 - (10 + len(head)) % 64) + "\n"
    pathlib.Path(path).write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode()
                                   + struct.pack(f"<{len(values)}{code}", *values))


def labels_of(file):
    return [line.split("\t", 1)[0] for line in file.read_text(encoding="utf-8").splitlines()[1:]]


def bucket(p):
    return next(i for i in range(len(EDGES) - 1) if p < EDGES[i + 1])


class Bench:
    def __init__(self, program, made, folder):
        self.program, self.made, self.folder = program, made, folder
        self.train = made / f"{DATA}.tsv"
        self.names = sorted(set(labels_of(self.train)))  # the order of the classes
        self.labels = [self.names.index(name) for name in labels_of(self.train)]
        self.positive = self.names.index("person")

    def call(self, *arguments):
        ran = subprocess.run([self.program, *map(str, arguments), "--quiet"], capture_output=True, text=True)
        if ran.returncode != 0:
            raise SystemExit(f"{arguments}: {ran.stderr.strip()}")
        return ran.stdout

    def logits(self, loss, epochs, seed):
        """Of the training items, by a model trained so far."""
        out = self.folder / f"{loss}-{epochs}-{seed}"
        path = out / "train-logits.npy"
        if not path.exists():
            arguments = [word.replace("{made}", str(self.made)) for word in sets.regime_files(10000, 100)]
            self.call("train", *arguments, *sets.SMALL, "--epochs", epochs, "--loss", loss, "--seed", seed, "--threads", 1,
                      "--out", out, "--force")
            self.call("predict", out, self.train, "--logits", path)
        shape, values = read_npy(path)
        return path, [values[i * 2:i * 2 + 2] for i in range(shape[0])]

    def gradient(self, loss, path):
        """Length of each item's gradient with respect to its logits."""
        targets, out = (self.folder / f"{name}-{os.getpid()}.npy" for name in ("targets", "gradient"))
        write_npy(targets, [len(self.labels)], "q", self.labels)
        self.call("loss", loss, "--logits", path, "--targets", targets, "--gradient", out, "--json")
        shape, values = read_npy(out)
        return [math.hypot(values[2 * i], values[2 * i + 1]) for i in range(shape[0])]

    def probabilities(self, rows):
        """Of the positive class."""
        other = 1 - self.positive
        return [1 / (1 + math.exp(min(700, row[other] - row[self.positive]))) for row in rows]

    def shares(self, trained, judged, epochs, seed):
        """Gradient mass of `judged` on the logits of a model trained with `trained`, by who has it."""
        path, rows = self.logits(trained, epochs, seed)
        p = self.probabilities(rows)
        mass = self.gradient(judged, path)
        whole = sum(mass) or 1.0
        negatives, positives = [0.0] * (len(EDGES) - 1), 0.0
        for at, label in enumerate(self.labels):
            if label == self.positive:
                positives += mass[at] / whole
            else:
                negatives[bucket(p[at])] += mass[at] / whole
        return {"positives": positives, "negatives": negatives}

    def histogram(self, trained, epochs, seed):
        """Shares of the training items by the probability of their own class."""
        _, rows = self.logits(trained, epochs, seed)
        p = self.probabilities(rows)
        out = {}
        for name, keep in (("positives", True), ("negatives", False)):
            own = [q if keep else 1 - q for q, label in zip(p, self.labels) if (label == self.positive) == keep]
            out[name] = {"above_0.99": sum(q > 0.99 for q in own) / len(own), "above_0.5": sum(q > 0.5 for q in own) / len(own),
                         "between_0.4_and_0.6": sum(0.4 <= q <= 0.6 for q in own) / len(own)}
        return out

    def slopes(self, loss):
        """d loss / d logit of the true class at p = 0.05 … 0.999; below 0 pushes p up. One item, no smoothing to speak of."""
        ps = [0.05, 0.1, 0.3, 0.5, 0.6, 0.8, 0.9, 0.99, 0.999]
        logits, targets, out = (self.folder / f"{name}-{os.getpid()}.npy" for name in ("slope-logits", "slope-targets", "slope"))
        write_npy(logits, [len(ps), 2], "d", [x for p in ps for x in (0.0, math.log(p / (1 - p)))])
        write_npy(targets, [len(ps)], "q", [1] * len(ps))
        self.call("loss", loss, "--logits", logits, "--targets", targets, "--gradient", out, "--json")
        _, values = read_npy(out)
        return {str(p): values[2 * i + 1] * len(ps) for i, p in enumerate(ps)}


def measure(program, made, out):
    folder = out / "gradients"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "result.json"
    if path.exists():
        before = json.loads(path.read_text())
        if list(before["same_model"]) == LOSSES and list(before["slopes"]) == SLOPES:
            return
    bench = Bench(program, made, folder)
    all_of = lambda f: [f(seed) for seed in SEEDS]
    result = {
        "data": DATA, "edges": EDGES, "seeds": SEEDS, "epochs": EPOCHS,
        # The same model for all losses: what each makes of it. And each loss on its own model.
        "same_model": {loss: {str(e): all_of(lambda s: bench.shares("ce", loss, e, s)) for e in EPOCHS} for loss in LOSSES},
        "own_model": {loss: {str(e): all_of(lambda s: bench.shares(loss, loss, e, s)) for e in EPOCHS} for loss in LOSSES},
        "histogram": {loss: all_of(lambda s: bench.histogram(loss, EPOCHS[-1], s)) for loss in LOSSES},
        "slopes": {loss: bench.slopes(loss) for loss in SLOPES},
    }
    path.write_text(json.dumps(result, indent=1) + "\n")
