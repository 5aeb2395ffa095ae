#!/usr/bin/env python3
"""Viterbi decoding by python-crfsuite's tagger, beside benchmarks/crf: tokens a second for given lengths and tag counts.

The model has one feature a token, so that looking up features costs as little as it can; `set` (scores of the items) and
`viterbi` are timed together and apart.
"""
import random
import tempfile
import time

import pycrfsuite

random.seed(0)
print("length  tags  set+decode ns/tok   decode ns/tok")
for tags in (5, 20, 50, 200):
    words = [f"w{i}" for i in range(500)]
    sequence = lambda n: ([[random.choice(words)] for _ in range(n)], [f"t{random.randrange(tags)}" for _ in range(n)])
    trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False, params={"max_iterations": 1, "feature.possible_transitions": True})
    for _ in range(200):
        trainer.append(*sequence(20))
    trainer.append([["w0"]] * tags, [f"t{i}" for i in range(tags)])
    with tempfile.NamedTemporaryFile() as file:
        trainer.train(file.name)
        tagger = pycrfsuite.Tagger()
        tagger.open(file.name)
        for length in (10, 100, 2000):
            items = [pycrfsuite.ItemSequence(sequence(length)[0]) for _ in range(20000 // length)]
            both = apart = 1e30
            for _ in range(3):
                begin = time.perf_counter()
                for item in items:
                    tagger.tag(item)
                both = min(both, time.perf_counter() - begin)
                spent = 0
                for item in items:
                    tagger.set(item)
                    begin = time.perf_counter()
                    tagger.tag()
                    spent += time.perf_counter() - begin
                apart = min(apart, spent)
            count = length * len(items)
            print(f"{length:6} {tags:5} {both / count * 1e9:18.0f} {apart / count * 1e9:15.0f}", flush=True)
