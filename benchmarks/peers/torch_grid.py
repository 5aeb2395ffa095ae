#!/usr/bin/env python3
"""The cells of the demo's comparison written with PyTorch, for benchmarks/grid_against_pytorch.

The same texts, sizes, batches of about as many words, updates and judgements as `tailgrad compare`; word ids and random numbers
are PyTorch's own. Written as one who knows PyTorch would for speed: texts of like length share a batch, so that there is little
padding (2 %); fused AdamW; no synchronisation but the loss that is watched; ids, batches and masks are made once for all cells.
"""
import argparse
import collections
import json
import math
import multiprocessing
import pathlib
import random
import re
import time

import torch
import torch.nn.functional as F
from torch import nn

WORD = re.compile(r"\w+|[^\w\s]")
WIDTH, HEADS, HIDDEN, DROPOUT = 64, 4, 256, 0.2
BATCH_TOKENS, POOL, MAX_TOKENS = 1024, 32, 128


def read(path):
    rows = [line.split("\t", 1) for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    return [label for label, _ in rows], [WORD.findall(text.lower())[:MAX_TOKENS] for _, text in rows]


class Data:
    def __init__(self, folder):
        labels, texts = {}, {}
        for part in ("train", "dev", "test"):
            labels[part], texts[part] = read(folder / f"{part}.tsv")
        self.names = sorted(set(labels["train"]))
        counts = collections.Counter(word for text in texts["train"] for word in text)
        words = [word for word, n in counts.most_common() if n >= 2]
        index = {word: i + 2 for i, word in enumerate(words)}  # 0 pads, 1 is unknown
        self.vocabulary = len(words) + 2
        self.ids = {part: [[index.get(w, 1) for w in text] for text in texts[part]] for part in texts}
        self.labels = {part: torch.tensor([self.names.index(label) for label in labels[part]]) for part in labels}
        self.counts = torch.bincount(self.labels["train"], minlength=len(self.names)).float()

    def batch(self, part, items):
        texts = [self.ids[part][i] for i in items]
        longest = max(len(t) for t in texts)
        ids = torch.zeros(len(texts), longest, dtype=torch.long)
        for row, text in enumerate(texts):
            ids[row, :len(text)] = torch.tensor(text)
        return ids, self.labels[part][items]

    def batches(self, part, items):
        """Lists of items with about BATCH_TOKENS words, padding included; sorted by length within pools."""
        items = sorted(items, key=lambda i: len(self.ids[part][i]))
        out, now = [], []
        for i in items:
            if now and len(self.ids[part][i]) * (len(now) + 1) > BATCH_TOKENS:
                out.append(now)
                now = []
            now.append(i)
        return out + [now]

    def epoch(self, drawn, chance):
        chance.shuffle(drawn)
        size = POOL * BATCH_TOKENS // 12
        batches = [b for at in range(0, len(drawn), size) for b in self.batches("train", drawn[at:at + size])]
        chance.shuffle(batches)
        return batches


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, HIDDEN), nn.Linear(HIDDEN, WIDTH)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, x, mask):
        batch, steps, _ = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(batch, steps, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=DROPOUT if self.training else 0.0)
        x = x + self.dropout(self.out(mixed.transpose(1, 2).reshape(batch, steps, WIDTH)))
        return x + self.dropout(self.down(self.dropout(F.gelu(self.up(self.norm2(x))))))


class Classifier(nn.Module):
    def __init__(self, vocabulary, classes, layers):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, WIDTH, padding_idx=0)
        nn.init.normal_(self.embed.weight, std=0.1)
        self.positions = nn.Parameter(torch.randn(MAX_TOKENS, WIDTH) * 0.02)
        self.layers = nn.ModuleList(Layer() for _ in range(layers))
        self.norm, self.dropout = nn.LayerNorm(WIDTH), nn.Dropout(DROPOUT)
        self.head = nn.Linear(2 * WIDTH, classes)

    def forward(self, ids):
        words = ids > 0
        mask = words[:, None, None, :]
        x = self.dropout(self.embed(ids) + self.positions[:ids.shape[1]])
        for layer in self.layers:
            x = layer(x, mask)
        x, keep = self.norm(x), words[:, :, None]
        mean = (x * keep).sum(1) / keep.sum(1)
        return self.head(self.dropout(torch.cat([mean, x.masked_fill(~keep, -math.inf).amax(1)], 1)))


def loss_of(name, counts):
    prior = counts / counts.sum()
    log_prior, weights = prior.log(), counts.sum() / (len(counts) * counts)

    def focal(z, y):
        log_p = F.log_softmax(z, 1).gather(1, y[:, None])[:, 0]
        return (-(1 - log_p.exp()) ** 2 * log_p).mean()

    def dsc(z, y):
        p = z.softmax(1)
        q, t = (1 - p) * p, F.one_hot(y, z.shape[1])
        return (1 - (2 * q * t + 1) / (q + t + 1)).sum(1).mean()

    return {"ce": F.cross_entropy, "wce:weights=inverse": lambda z, y: (weights[y] * F.cross_entropy(z, y, reduction="none")).mean(),
            "focal": focal, "dsc": dsc, "la:tau=1": lambda z, y: F.cross_entropy(z + log_prior, y)}[name]


def macro_f1(model, data, part):
    model.eval()
    table = torch.zeros(len(data.names), len(data.names))
    with torch.inference_mode():
        for items in data.batches(part, range(len(data.ids[part]))):
            ids, y = data.batch(part, items)
            table.index_put_((y, model(ids).argmax(1)), torch.ones(len(y)), accumulate=True)
    model.train()
    hits, sums = table.diag(), table.sum(0) + table.sum(1)
    return (2 * hits / sums)[table.sum(1) > 0].mean().item()


DATA = None


def cell(task):
    name, seed, epochs, layers = task
    loss, _, sampler = name.partition("@")
    torch.manual_seed(seed)
    chance = random.Random(seed)
    model = Classifier(DATA.vocabulary, len(DATA.names), layers)
    optimiser = torch.optim.AdamW(model.parameters(), 3e-3, fused=True)
    criterion = loss_of(loss, DATA.counts)
    size = len(DATA.ids["train"])
    per_item = 1 / DATA.counts[DATA.labels["train"]]
    draw = lambda: torch.multinomial(per_item, size, replacement=True).tolist() if sampler else list(range(size))
    plan = [DATA.epoch(draw(), chance) for _ in range(epochs)]
    steps = sum(len(batches) for batches in plan)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda t: min((t + 1) / (0.1 * steps), (steps - t) / (0.9 * steps)))
    watched = 0.0
    for batches in plan:
        for items in batches:
            ids, y = DATA.batch("train", items)
            optimiser.zero_grad(set_to_none=True)
            value = criterion(model(ids), y)
            value.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            watched += value.item()
        dev = macro_f1(model, DATA, "dev")
    return {"cell": f"{name} seed {seed}", "steps": steps, "dev": dev, "test": macro_f1(model, DATA, "test")}


def start_worker(folder, threads):
    global DATA
    torch.set_num_threads(threads)
    if DATA is None:
        DATA = Data(folder)


def main():
    global DATA
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--losses", required=True)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--layers", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2, help="side by side, each with --threads")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    tasks = [(name, seed, arguments.epochs, arguments.layers) for seed in range(1, arguments.seeds + 1)
             for name in arguments.losses.split(";")]
    start = time.perf_counter()  # the import of torch, three seconds, is not counted
    DATA = Data(arguments.folder)  # once: processes are forked and share it
    if arguments.processes == 1:
        start_worker(arguments.folder, arguments.threads)
        cells = [cell(task) for task in tasks]
    else:
        with multiprocessing.get_context("fork").Pool(arguments.processes, start_worker,
                                                      (arguments.folder, arguments.threads)) as pool:
            cells = pool.map(cell, tasks, chunksize=1)
    print(json.dumps({"seconds": time.perf_counter() - start, "cells": cells}))


if __name__ == "__main__":
    main()
