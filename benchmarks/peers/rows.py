"""What is measured, and how: shared by torch_peer.py and jax_peer.py.

A training row is one step: forward, backward and the update of all weights, in float32, on one fixed batch.
A loss row is value and gradient with respect to the logits.
"""
import argparse
import json
import os
import sys
import time

MLP = {"mlp-b16": 16, "mlp-b256": 256}  # 2-64-64-2, relu, SGD with momentum 0.9
# Post-norm transformer tagger, gelu (erf), dropout 0.1 after attention weights, attention, activation and feed-forward;
# learned positions; Adam. Sentence b has steps - b % 8 words.
ENCODER = {
    "encoder-d64": dict(vocabulary=10000, width=64, heads=4, hidden=256, layers=2, tags=17, batch=32, steps=32),
    "encoder-d128": dict(vocabulary=10000, width=128, heads=4, hidden=512, layers=2, tags=17, batch=32, steps=64),
    "encoder-d384": dict(vocabulary=30000, width=384, heads=12, hidden=1536, layers=6, tags=9, batch=8, steps=128),
}
# Embedding 100, one bidirectional LSTM, linear, CRF; SGD with momentum 0.9. Sentence b has steps - b % (steps / 2) words.
TAGGER = {
    "bilstm-crf-h100": dict(vocabulary=10000, embedding=100, width=100, tags=17, batch=32, steps=32),
    "bilstm-crf-h200": dict(vocabulary=10000, embedding=100, width=200, tags=9, batch=16, steps=64),
}
# 28 x 28 grey images in 10 classes, SGD with momentum 0.9. cnn: two stages of 3 x 3 convolution (32, 64), batch norm,
# relu and max pooling, a hidden layer of 128. resnet-d8: He et al. 2016, section 4.2, with 16, 32, 64 channels.
IMAGE = {"cnn": dict(net="cnn", batch=128), "resnet-d8": dict(net="resnet", batch=128)}
SOFTMAX_LOSSES = ("ce wce focal cb dice dice-class dice-batch tversky dsc la balanced-softmax pairwise adaptive equalised "
                  "eql ldam vs seesaw lade poly gce logit-norm").split()
MULTILABEL_LOSSES = "bce focal-sigmoid asl".split()
SIZES = ((65536, 16), (8192, 1000))
LOSSES = {f"loss-{name}-{n}x{c}": (name, n, c) for n, c in SIZES for name in SOFTMAX_LOSSES + MULTILABEL_LOSSES}
ROWS = [*MLP, *ENCODER, *TAGGER, *IMAGE, *LOSSES]


def counts_of(classes):
    """Class counts falling from 10000 to 10 by a constant factor."""
    return [round(10000 * 1000 ** (-k / (classes - 1))) for k in range(classes)]


def measure(step, seconds, steps=1):
    """Median and least milliseconds of a step; step() does `steps` of them and returns when the work is done."""
    for _ in range(5):
        step()
    times, begin = [], time.perf_counter()
    while len(times) < 10 or time.perf_counter() - begin < seconds:
        t = time.perf_counter()
        step()
        times.append((time.perf_counter() - t) / steps)
        if len(times) >= 3 and time.perf_counter() - begin > 4 * seconds:
            break
    times.sort()
    return dict(median_ms=times[len(times) // 2] * 1e3, min_ms=times[0] * 1e3, repeats=len(times))


def keep_memory():
    """Starts the program again with a malloc that keeps large blocks instead of giving their pages back each time."""
    settings = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "-1", "MALLOC_TOP_PAD_": str(64 << 20)}
    if any(os.environ.get(k) != v for k, v in settings.items()):
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | settings)


def arguments(modes):
    p = argparse.ArgumentParser(description="Times training steps and losses; one JSON object a line with --json.")
    p.add_argument("--row", action="append", help="a row's name; may be given several times (default: all)")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--mode", choices=modes, default=modes[0])
    p.add_argument("--seconds", type=float, default=1.0, help="time spent measuring a row")
    p.add_argument("--json", action="store_true")
    p.add_argument("--list", action="store_true", help="print the names of the rows")
    p.add_argument("--serve", action="store_true", help="read names of rows from stdin, answer each with one line")
    a = p.parse_args()
    if a.list:
        print(*ROWS, sep="\n")
        sys.exit()
    keep_memory()
    cores = sorted(os.sched_getaffinity(0))
    if not 1 <= a.threads <= len(cores):
        p.error(f"--threads {a.threads}: this process may use {len(cores)} cores")
    for row in a.row or []:
        if row not in ROWS:
            p.error(f"--row {row}: not one of {', '.join(ROWS)}")
    return a


def run(a, peer, version, make_step, steps_a_call=lambda row: 1):
    """make_step(row) builds the work of a row and returns the function to be timed, which does steps_a_call(row) steps."""
    name, step = None, None
    for row in (line.strip() for line in sys.stdin) if a.serve else a.row or ROWS:
        try:
            if row != name:
                name, step = row, None
                step = make_step(row)
            result = dict(row=row, threads=a.threads, **measure(step, a.seconds, steps_a_call(row)), peer=f"{peer}-{a.mode}", version=version)
        except Exception as e:
            name = None
            result = dict(row=row, threads=a.threads, peer=f"{peer}-{a.mode}", version=version,
                          error=f"{type(e).__name__}: {e}".splitlines()[0][:300])
        if a.json or a.serve:
            print(json.dumps(result), flush=True)
        elif "error" in result:
            print(f"{row:28} {result['error']}", flush=True)
        else:
            print(f"{row:28} median {result['median_ms']:9.3f} ms  min {result['min_ms']:9.3f} ms  n={result['repeats']}",
                  flush=True)
