#!/usr/bin/env python3
"""Makes optim.safetensors: PyTorch's optimisers, schedules and clipping in double.

Run by hand (`python tests/golden/make_optim.py`); neither a build nor a test runs it.

Optimisers: two parameters `a` [3, 4] and `b` [5] start at `start/a`, `start/b`; step t (from 0) is given
the gradients `gradients/a`[t] and `gradients/b`[t], 50 steps in all, some of them exactly zero.
    SPEC/step1/a, SPEC/step10/a, SPEC/step50/a (and b)   parameters after that many updates
`adam:…,weight_decay=w` is the coupled (L2) form: g + w p goes through the moments.

Schedules: `schedule/T/SPEC` [T + 1] is the factor on the learning rate of update t = 0 … T, T the
planned number of updates, W = ceil(warmup T) updates of warm-up:
    warm-up  t < W:   t / W            (`#from-one`: (t + 1) / W, so that the first update moves)
    then, with u = (t - W) / max(1, T - W), at most 1:
    constant 1        linear 1 - u        cosine (1 + cos(pi u)) / 2
    step     factor^(number of milestones m with t >= ceil(m T)), warm-up as above
These are the formulas of the transformers library (get_linear_schedule_with_warmup and its sisters); here
they are checked against torch's own LinearLR, CosineAnnealingLR and MultiStepLR.

Clipping: `clip/MAX/norm` [1], `clip/MAX/a`, `clip/MAX/b`: clip_grad_norm_ on `gradients`[0], which scales by
min(1, MAX / (norm + 1e-6)).
"""
import math
import pathlib
import sys

import numpy as np
import safetensors
import torch
from safetensors.torch import save_file

SEED = 1412
STEPS = 50
OPTIMISERS = """sgd:lr=0.1 sgd:lr=0.1,momentum=0.9 sgd:lr=0.1,momentum=0.9,nesterov=true
    sgd:lr=0.1,momentum=0.9,dampening=0.3 sgd:lr=0.1,weight_decay=0.02
    sgd:lr=0.1,momentum=0.9,weight_decay=0.02 sgd:lr=0.1,momentum=0.9,nesterov=true,weight_decay=0.02
    sgd:lr=0.1,momentum=0.9,dampening=0.3,weight_decay=0.02
    adam:lr=0.01 adam:lr=0.01,beta1=0.8,beta2=0.95,eps=0.001 adam:lr=0.01,weight_decay=0.1
    adamw:lr=0.01 adamw:lr=0.01,weight_decay=0.1 adamw:lr=0.01,beta1=0.8,beta2=0.95,eps=0.001,weight_decay=0.1
    adamw:lr=0.01,weight_decay=0""".split()
SCHEDULES = """constant constant:warmup=0.1 linear linear:warmup=0.1 cosine cosine:warmup=0.25 step:milestones=0.5/0.75
    step:milestones=0.5/0.75,factor=0.1 step:milestones=0.3/0.6/0.9,factor=0.5,warmup=0.1""".split()


def parse(spec):
    name, _, tail = spec.partition(":")
    return name, dict(o.split("=") for o in tail.split(",")) if tail else {}


def make_optimiser(spec, parameters):
    name, text = parse(spec)
    options = {k: v == "true" if v in ("true", "false") else float(v) for k, v in text.items()}
    if name != "sgd":
        options["betas"] = (options.pop("beta1", 0.9), options.pop("beta2", 0.999))
    kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[name]
    return kind(parameters, **options)


def factor(spec, t, total):
    spec, _, note = spec.partition("#")
    name, o = parse(spec)
    warm = math.ceil(float(o.get("warmup", 0)) * total)
    if t < warm:
        return (t + bool(note)) / warm
    u = min(1.0, (t - warm) / max(1, total - warm))
    if name == "linear":
        return 1 - u
    if name == "cosine":
        return (1 + math.cos(math.pi * u)) / 2
    if name == "step":
        passed = sum(t >= math.ceil(float(m) * total) for m in o["milestones"].split("/"))
        return float(o.get("factor", 0.1)) ** passed
    return 1.0


def check_schedules(total):
    def compare(spec, make):
        optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
        schedule = make(optimiser)
        for t in range(total + 1):
            assert abs(optimiser.param_groups[0]["lr"] - factor(spec, t, total)) < 1e-12, (spec, t)
            optimiser.step()
            schedule.step()

    s = torch.optim.lr_scheduler
    compare("linear", lambda o: s.LinearLR(o, 1.0, 0.0, total))
    compare("cosine", lambda o: s.CosineAnnealingLR(o, total))
    compare("step:milestones=0.5/0.75", lambda o: s.MultiStepLR(o, [math.ceil(total / 2), math.ceil(total * 0.75)], 0.1))
    # Warm-up then decay, as the two pieces in sequence.
    warm = math.ceil(0.25 * total)
    compare("cosine:warmup=0.25", lambda o: s.SequentialLR(
        o, [s.LambdaLR(o, lambda t: t / warm), s.CosineAnnealingLR(o, total - warm)], [warm]))


def main():
    r = np.random.default_rng(SEED)
    shapes = {"a": (3, 4), "b": (5,)}
    start = {k: torch.tensor(r.normal(0, 1, s)) for k, s in shapes.items()}
    gradients = {k: torch.tensor(r.normal(0, 1, (STEPS, *s)) * (r.random((STEPS, *s)) < 0.8)) for k, s in shapes.items()}
    # The last row of `a` has no gradient before step 20, like an embedding of a rare word.
    gradients["a"][:20, 2] = 0
    out = {f"start/{k}": v for k, v in start.items()} | {f"gradients/{k}": v for k, v in gradients.items()}

    for spec in OPTIMISERS:
        p = {k: v.clone().requires_grad_() for k, v in start.items()}
        optimiser = make_optimiser(spec, p.values())
        for t in range(STEPS):
            for k, v in p.items():
                v.grad = gradients[k][t].clone()
            optimiser.step()
            if t + 1 in (1, 10, 50):
                out |= {f"{spec}/step{t + 1}/{k}": v.detach().clone() for k, v in p.items()}

    for total in (7, 40):
        check_schedules(total)
        for spec in SCHEDULES + ["linear:warmup=0.1#from-one"]:
            out[f"schedule/{total}/{spec}"] = torch.tensor([factor(spec, t, total) for t in range(total + 1)], dtype=torch.float64)

    for limit in (1, 100):
        p = {k: v.clone().requires_grad_() for k, v in start.items()}
        for k, v in p.items():
            v.grad = gradients[k][0].clone()
        out[f"clip/{limit}/norm"] = torch.nn.utils.clip_grad_norm_(p.values(), limit).reshape(1)
        out |= {f"clip/{limit}/{k}": v.grad for k, v in p.items()}

    path = pathlib.Path(__file__).parent / "optim.safetensors"
    save_file(out, path, dict(maker="tests/golden/make_optim.py", seed=str(SEED), python=sys.version.split()[0],
                              torch=torch.__version__, numpy=np.__version__, safetensors=safetensors.__version__))
    path.chmod(0o644)
    print(f"{path.name}: {len(OPTIMISERS)} optimisers, {len(SCHEDULES)} schedules, {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
