#!/usr/bin/env python3
"""Makes layers.safetensors and sequences.safetensors: PyTorch's layers in double, with gradients.

Run by hand (`python tests/golden/make_layers.py`); neither a build nor a test runs it.

    TOPIC/input/NAME       what goes in (F64, or I64 for indices and offsets)
    TOPIC/parameter/NAME   parameters under PyTorch's names
    TOPIC/output           what comes out
    TOPIC/upstream         d loss / d output, random; absent when the output is a loss (upstream 1)
    TOPIC/gradient/NAME    d loss / d NAME, for every F64 input and every parameter
Sequences are ragged: rows of all sequences one after another, `offsets` [sequences + 1]. PyTorch sees
each sequence alone (or packed, for the LSTM), so padding cannot leak in.

layers.safetensors
    linear x W^T + b · layer_norm LN(x + residual), eps 1e-5 · embedding · gelu, gelu-tanh · softmax,
    log-softmax (rows) · attention, attention-causal: MultiheadAttention, 2 heads · encoder-layer-post,
    encoder-layer-pre: TransformerEncoderLayer, gelu, dropout 0 · encoder-layer-relu (post) ·
    encoder: embedding + learned positions, two pre-norm layers, final norm, mean over each sequence, linear head,
    mean cross entropy
sequences.safetensors
    lstm1 (one direction), bilstm1, bilstm2 (two layers): nn.LSTM packed; output [tokens, directions x hidden];
    also TOPIC/last_hidden and TOPIC/last_cell [layers x directions, sequences, hidden]
    crf: linear-chain CRF. `transitions` [C + 2, C + 2], row = from, column = to, C = begin, C + 1 = end. Score of a path
    = sum of its emissions + transitions[begin, y_1] + sum transitions[y_(t-1), y_t] + transitions[y_T, end].
    Everything by listing all paths: output [sequences] (NLL of each), gradients of their sum, `marginals`
    [tokens, C], `path` [tokens] and `path_score` [sequences] (the best), `second_score` [sequences] (the next best).
"""
import itertools
import pathlib
import sys

import numpy as np
import safetensors
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

SEED = 97
F64 = torch.float64


class Writer:
    def __init__(self):
        self.out = {}

    def add(self, topic, output, inputs, parameters=(), upstream=True, **extra):
        parameters = dict(parameters)
        leaves = {k: v for k, v in (inputs | parameters).items() if v.dtype == F64}
        up = torch.randn_like(output) if upstream else torch.ones_like(output)
        gradients = torch.autograd.grad((output * up).sum(), list(leaves.values()))
        put = lambda name, value: self.out.__setitem__(f"{topic}/{name}", value.detach().clone().contiguous())
        for name, value in inputs.items():
            put(f"input/{name}", value)
        for name, value in parameters.items():
            put(f"parameter/{name}", value)
        for name, value in zip(leaves, gradients):
            put(f"gradient/{name}", value)
        put("output", output)
        if upstream:
            put("upstream", up)
        for name, value in extra.items():
            put(name, value)

    def save(self, name, maker="make_layers.py", seed=SEED):
        path = pathlib.Path(__file__).parent / name
        save_file(self.out, path, dict(
            maker=f"tests/golden/{maker}", seed=str(seed), python=sys.version.split()[0], torch=torch.__version__,
            numpy=np.__version__, safetensors=safetensors.__version__))
        path.chmod(0o644)
        print(f"{name}: {len(self.out)} arrays, {path.stat().st_size / 1000:.0f} kB")


def leaf(*shape, scale=1.0):
    return (torch.randn(*shape, dtype=F64) * scale).requires_grad_()


def shaken(module):
    """Every parameter random, so that no bias or gain hides at 0 or 1."""
    module = module.double()
    with torch.no_grad():
        for p in module.parameters():
            p.add_(torch.randn_like(p) * 0.3)
    return module


def offsets_of(lengths):
    return torch.tensor([0, *itertools.accumulate(lengths)])


def per_sequence(f, x, offsets):
    return torch.cat([f(x[a:b]) for a, b in zip(offsets, offsets[1:])])


def layers():
    w = Writer()
    m, x = shaken(nn.Linear(3, 4)), leaf(5, 3)
    w.add("linear", m(x), dict(x=x), m.named_parameters())
    m, x, residual = shaken(nn.LayerNorm(6)), leaf(5, 6), leaf(5, 6, scale=3)
    w.add("layer_norm", m(x + residual), dict(x=x, residual=residual), m.named_parameters())
    m, ids = shaken(nn.Embedding(7, 3)), torch.tensor([2, 0, 2, 6, 5, 2, 0])
    w.add("embedding", m(ids), dict(ids=ids), m.named_parameters())
    points = torch.tensor([[-40, -8, -5.3, -3, -1], [-.75, -1e-8, 0, 1e-3, .5], [1, 2.2, 4, 9, 60]], dtype=F64)
    for kind in ("none", "tanh"):
        x = points.clone().requires_grad_()
        w.add("gelu" if kind == "none" else "gelu-tanh", F.gelu(x, approximate=kind), dict(x=x))
    for name, f in (("softmax", torch.softmax), ("log-softmax", torch.log_softmax)):
        x = torch.cat([torch.randn(3, 5, dtype=F64), points * 10, torch.full((1, 5), 1e4, dtype=F64)]).requires_grad_()
        w.add(name, f(x, 1), dict(x=x))

    lengths = (3, 1, 7, 2)
    offsets = offsets_of(lengths)
    for name, causal in (("attention", False), ("attention-causal", True)):
        m, x = shaken(nn.MultiheadAttention(8, 2, batch_first=True)), leaf(sum(lengths), 8)

        def attend(s):
            mask = torch.ones(len(s), len(s), dtype=torch.bool).triu(1) if causal else None
            return m(s, s, s, attn_mask=mask, need_weights=False)[0]

        w.add(name, per_sequence(attend, x, offsets), dict(x=x, offsets=offsets), m.named_parameters())
    for name, pre, activation in (("post", False, "gelu"), ("pre", True, "gelu"), ("relu", False, "relu")):
        m = shaken(nn.TransformerEncoderLayer(8, 2, 12, 0.0, activation, batch_first=True, norm_first=pre))
        x = leaf(sum(lengths), 8)
        w.add(f"encoder-layer-{name}", per_sequence(m, x, offsets), dict(x=x, offsets=offsets), m.named_parameters())

    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Embedding(10, 8)
            self.positions = nn.Embedding(9, 8)
            self.layers = nn.ModuleList(
                nn.TransformerEncoderLayer(8, 2, 16, 0.0, "gelu", batch_first=True, norm_first=True) for _ in range(2))
            self.norm = nn.LayerNorm(8)
            self.head = nn.Linear(8, 3)

        def forward(self, ids):
            x = self.embed(ids) + self.positions(torch.arange(len(ids)))
            for layer in self.layers:
                x = layer(x)
            return self.head(self.norm(x).mean(0))[None]

    m, ids, labels = shaken(Encoder()), torch.randint(0, 10, (sum(lengths),)), torch.tensor([2, 0, 0, 1])
    logits = per_sequence(m, ids, offsets)
    w.add("encoder", F.cross_entropy(logits, labels), dict(ids=ids, offsets=offsets, labels=labels),
          m.named_parameters(), upstream=False, logits=logits)
    w.save("layers.safetensors")


def packed(m, x, offsets):
    rows = [x[a:b] for a, b in zip(offsets, offsets[1:])]
    ys, (h, c) = m(nn.utils.rnn.pack_sequence(rows, enforce_sorted=False))
    y, lengths = nn.utils.rnn.pad_packed_sequence(ys, batch_first=True)
    return torch.cat([s[:n] for s, n in zip(y, lengths)]), h, c


def crf(emissions, transitions, offsets, labels):
    classes = emissions.shape[1]
    begin, end = classes, classes + 1
    losses, marginals, best, best_score, second = [], [], [], [], []
    for a, b in zip(offsets, offsets[1:]):
        e = emissions[a:b]
        paths = torch.tensor(list(itertools.product(range(classes), repeat=len(e))))
        score = e[torch.arange(len(e)), paths].sum(1) + transitions[begin, paths[:, 0]] + transitions[paths[:, -1], end]
        score = score + transitions[paths[:, :-1], paths[:, 1:]].sum(1)
        gold = (paths == labels[a:b]).all(1)
        losses.append(score.logsumexp(0) - score[gold][0])
        p = score.softmax(0)
        marginals.append(torch.stack([(p[:, None] * (paths == k)).sum(0) for k in range(classes)], 1))
        top = score.sort(descending=True)
        best.append(paths[top.indices[0]])
        best_score.append(top.values[0])
        second.append(top.values[1])
    return (torch.stack(losses), torch.cat(marginals), torch.cat(best), torch.stack(best_score), torch.stack(second))


def sequences():
    w = Writer()
    lengths = (4, 1, 6, 4, 2)
    offsets = offsets_of(lengths)
    for name, count, both in (("lstm1", 1, False), ("bilstm1", 1, True), ("bilstm2", 2, True)):
        m, x = shaken(nn.LSTM(3, 5, count, batch_first=True, bidirectional=both)), leaf(sum(lengths), 3)
        y, h, c = packed(m, x, offsets)
        w.add(name, y, dict(x=x, offsets=offsets), m.named_parameters(), last_hidden=h, last_cell=c)
    lengths = (3, 1, 5, 2, 4)
    offsets = offsets_of(lengths)
    for name, classes, scale in (("crf", 3, 1.0), ("crf-large-scores", 4, 60.0)):
        emissions, transitions = leaf(sum(lengths), classes, scale=scale), leaf(classes + 2, classes + 2, scale=scale)
        labels = torch.randint(0, classes, (sum(lengths),))
        loss, marginals, path, score, second = crf(emissions, transitions, offsets, labels)
        w.add(name, loss, dict(emissions=emissions, transitions=transitions, offsets=offsets, labels=labels),
              upstream=False, marginals=marginals, path=path, path_score=score, second_score=second)
    w.save("sequences.safetensors")


if __name__ == "__main__":
    torch.manual_seed(SEED)
    layers()
    sequences()
