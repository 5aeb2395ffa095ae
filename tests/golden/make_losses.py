#!/usr/bin/env python3
"""Makes losses_*.safetensors: an oracle for every loss, independent of the C++ code.

Run by hand (`python tests/golden/make_losses.py`, PyTorch and safetensors needed); neither a build
nor a test runs it. It writes the definitions below in double with autograd and first checks itself:
every gradient against central differences, every published value of `check_published`.

How a file is laid out
    inputs/CASE/logits   F64 [n, C]    inputs/CASE/targets  I64 [n], or [n, C] of 0/1 (multi-label)
    inputs/CASE/counts   I64 [C]       inputs/CASE/weights  F64 [C]     (where the case has them)
    inputs/CASE/train_items I64 [1]    inputs/CASE/ignore_index I64 [1] (where the case has them)
    inputs/CASE/mask     F64 [n, C]    the Bernoulli draws of `eql` (1 = may be left out)
    SPEC/CASE/result     F64 [3]       sum, normaliser, value = sum / normaliser
    SPEC/CASE/gradient   F64 [n, C]    d value / d logits
SPEC is the text form of the loss. `SPEC#note` is a second reading of an unclear definition, kept to
tell the two apart.

Symbols: z logits, p probabilities, y the true class, N the items that count (not ignored), C classes,
n_k counts, n their sum, pi_k = n_k / n. When a class is empty, every count is raised by one first,
for priors, weights and margins alike. "ovr" sums over classes k of the pair (p_k, 1[k = y]).
Losses of one item are added up; "items" divides by N, "elements" by N C, "1" marks set losses.

| loss | formula of one item, or of the set | normaliser | notes |
|---|---|---|---|
| ce | (1-e)(-log p_y) + e/C sum_k -log p_k | items | e = label_smoothing |
| wce | w_y (-log p_y) | items; normalise=weights: sum w_y | inverse n/(C n_k); sqrt-inverse n/(sqrt(n_k) sum_j sqrt(n_j)); lg max(0, log10((n-n_k)/n_k + k)), inside log10((n-n_k)/(n_k+k)) |
| bce | sum_k -[a_k y_k log s(z_k) + (1-y_k) log s(-z_k)] | elements | a = 1, or (T-n_k)/n_k with T training items |
| focal | -w_y (1-p_y)^g log p_y | items | w = 1 without class weights |
| focal mode=sigmoid | sum_k -a_t (1-p_t)^g log p_t, p_t = p_k or 1-p_k | elements | a_t = alpha or 1-alpha; none: 1 |
| cb | w_y base, w_k = C e_k / sum e, e_k = (1-b)/(1-b^n_k) | items; base=bce: elements | base=bce: the row of y, one-hot, weighted as a whole |
| dice scope=example | ovr 1 - (2py+s)/(p^d+y^d+s) | items | d = 2 if square else 1; mode=sigmoid: p = s(z_k) |
| dice scope=class | sum_k 1 - (2 I_k+s)/(P_k+Y_k+s), sums over items | 1 | |
| dice scope=batch | 1 - (2 I+s)/(P+Y+s), sums over items and classes | 1 | |
| tversky | 1 - (py+s)/(py + alpha p(1-y) + beta (1-p)y + s), scopes as dice | as dice | |
| dsc | 1 - (f q y+s)/(q^d+y^d+s), q = (1-p)^alpha p, scopes as dice | as dice | 0 < alpha < 1: 1-p is max(1-p, 1e-6); f = factor |
| dsc variant=reference | softmax, linear: sum_k 1 - (2 q_k y_k+s)/(Q_k+Y_k+s), Q_k, Y_k batch sums | items | defaults alpha 0, smooth 1e-4, linear; square: as scope=example; mode=sigmoid: as scope=batch; no clamp |
| dsc variant=blog | 1 - (f q_y+s)/(q_y+1+s), q = (1-p)p, p clipped to [1e-6, 1-1e-6] | items | defaults smooth 1e-5; clip has no gradient outside |
| dsc variant=gathered | 1 - (f q_y+s)/(q_y+1+s) | items | |
| la, balanced-softmax | CE(z + tau log pi), CE(z + log n_k) | items | |
| pairwise | pi_y^w log(1 + sum_{k!=y} exp(D_yk + z_k - z_y)) | items | D_yk = tau_other log pi_k - tau_true log pi_y + adaptive pi_y^(-1/4) |
| eql | -z_y + log sum_k w_k e^(z_k), w_k = 1 - m_k 1[pi_k < lambda] 1[k!=y] | items | m is drawn with P(1) = gamma; here given |
| ldam | CE(s (z - m_y onehot)), m_k = max_margin (n_min/n_k)^(1/4) | items | n_min the smallest count |
| vs | CE((n_k/n_max)^gamma z + tau log pi) | items | |
| seesaw | CE(z_k + 1[k!=y] log(M C)) | items | M = min(1, n_k/n_y)^p; C = (p_k/max(p_y, eps))^q where p_k > p_y, else 1; p detached. `#ratio`: C = max(1, p_k/max(p_y, eps))^q |
| lade | CE(z + log pi) / N - lambda sum_{c in batch} pi_c T_c | 1 | T_c = mean_{y_i=c} z_ic - R_c - ridge R_c^2, R_c = log(1/N sum_i exp(z_ic - log pi_c - log C)) |
| asl | sum_k -[y (1-p)^(g+) log p + (1-y) m^(g-) log(1-m)], m = max(p-clip, 0) | items; normalise=elements | variant=reference: powers detached, logs of max(x, 1e-8) |
| poly | -log p_y + eps (1-p_y) | items | |
| gce | (1 - p_y^q)/q | items | |
| logit-norm | CE(z / (T |z|_2)) | items | nothing added to the norm |
| ce+dice | ce + weight dice | 1 | `#convex`: (1-weight) ce + weight dice |
"""
import math
import pathlib
import sys

import numpy as np
import safetensors
import torch
from safetensors.torch import save_file

F64 = torch.float64
SEED = 20200707


# --- probabilities that keep their relative precision at both ends -----------------------------------

def log_softmax_pair(z):
    """log p and log(1-p) of every class; 1-p is the sum of the others, never 1 minus p."""
    n, c = z.shape
    own = torch.eye(c, dtype=torch.bool)
    others = z[:, None, :].expand(n, c, c).masked_fill(own, -torch.inf).logsumexp(2)
    zero = torch.zeros((), dtype=F64)
    return -torch.logaddexp(zero, others - z), -torch.logaddexp(zero, z - others)


def log_sigmoid_pair(z):
    zero = torch.zeros((), dtype=F64)
    return -torch.logaddexp(zero, -z), -torch.logaddexp(zero, z)


def pick(table, y):
    return table.gather(1, y[:, None]).squeeze(1)


def nll(z, y):
    return -pick(log_softmax_pair(z)[0], y)


def one_hot(y, c):
    """Rows of zeros for labels out of range, as TensorFlow's one_hot does."""
    return (y[:, None] == torch.arange(c)[None]).to(F64)


class Batch:
    """Counted items only, with counts made positive."""

    def __init__(self, case, z):
        keep = torch.ones(len(z), dtype=torch.bool)
        y = case["targets"]
        if "ignore_index" in case:
            keep = y != case["ignore_index"][0]
        self.z, self.y = z[keep], y[keep]
        self.items, self.classes = self.z.shape
        self.weights = case.get("weights")
        self.mask = case["mask"][keep] if "mask" in case else None
        self.train_items = case["train_items"].item() if "train_items" in case else None
        if "counts" in case:
            counts = case["counts"].to(F64)
            self.counts = counts + 1 if (counts == 0).any() else counts
            self.prior = self.counts / self.counts.sum()

    def targets01(self):
        return self.y.to(F64) if self.y.dim() == 2 else one_hot(self.y, self.classes)

    def probabilities(self, sigmoid):
        return log_sigmoid_pair(self.z) if sigmoid else log_softmax_pair(self.z)


# --- losses: each returns (sum, normaliser) ----------------------------------------------------------

def ce(b, label_smoothing=0.0):
    lp = log_softmax_pair(b.z)[0]
    rows = -(1 - label_smoothing) * pick(lp, b.y) - label_smoothing / b.classes * lp.sum(1)
    return rows.sum(), b.items


def class_weights(b, weights, k=1.0, form="outside"):
    n, total = b.counts, b.counts.sum()
    if weights == "inverse":
        return total / (b.classes * n)
    if weights == "sqrt-inverse":
        return total / n.sqrt() / n.sqrt().sum()
    if weights == "lg":
        x = (total - n) / n + k if form == "outside" else (total - n) / (n + k)
        return torch.log10(x).clamp(min=0)
    return b.weights


def wce(b, weights="inverse", k=1.0, form="outside", normalise="count"):
    w = class_weights(b, weights, k, form)[b.y]
    return (w * nll(b.z, b.y)).sum(), b.items if normalise == "count" else w.sum().item()


def bce(b, pos_weight="none", normalise="elements"):
    lp, lq = log_sigmoid_pair(b.z)
    y = b.targets01()
    a = 1.0 if pos_weight == "none" else (b.train_items - b.counts) / b.counts
    return -(a * y * lp + (1 - y) * lq).sum(), b.items * (b.classes if normalise == "elements" else 1)


def focal_rows(b, gamma):
    lp, lq = log_softmax_pair(b.z)
    factor = torch.exp(gamma * pick(lq, b.y)) if gamma else 1.0
    return -factor * pick(lp, b.y)


def focal(b, gamma=2.0, alpha="none", mode="softmax", normalise="elements"):
    if mode == "softmax":
        w = 1.0 if b.weights is None else b.weights[b.y]
        return (w * focal_rows(b, gamma)).sum(), b.items
    lp, lq = log_sigmoid_pair(b.z)
    y = b.targets01()
    a = (1.0, 1.0) if alpha == "none" else (alpha, 1 - alpha)
    s = -(a[0] * y * torch.exp(gamma * lq) * lp + a[1] * (1 - y) * torch.exp(gamma * lp) * lq).sum()
    return s, b.items * (b.classes if normalise == "elements" else 1)


def cb(b, beta=0.999, base="ce", gamma=2.0):
    e = (1 - beta) / -torch.expm1(b.counts * math.log(beta)) if beta else torch.ones(b.classes, dtype=F64)
    w = (e * b.classes / e.sum())[b.y]
    if base == "bce":
        lp, lq = log_sigmoid_pair(b.z)
        y = b.targets01()
        return -(w[:, None] * (y * lp + (1 - y) * lq)).sum(), b.items * b.classes
    rows = nll(b.z, b.y) if base == "ce" else focal_rows(b, gamma)
    return (w * rows).sum(), b.items


def overlap(b, scope, ratio):
    """ratio(reduce) gives 1 - overlap, where reduce says which elements form one set."""
    if scope == "example":
        return ratio(lambda t: t).sum(), b.items
    if scope == "class":
        return ratio(lambda t: t.sum(0)).sum(), 1
    return ratio(lambda t: t.sum()), 1


def dice(b, square=True, smooth=1.0, scope="example", mode="softmax"):
    return dsc(b, alpha=0.0, smooth=smooth, square=square, scope=scope, mode=mode)


def tversky(b, alpha=0.5, beta=0.5, smooth=1.0, scope="example", mode="softmax"):
    lp, lq = b.probabilities(mode == "sigmoid")
    p, q, y = lp.exp(), lq.exp(), b.targets01()

    def ratio(reduce):
        hit = reduce(p * y)
        return 1 - (hit + smooth) / (hit + alpha * reduce(p * (1 - y)) + beta * reduce(q * y) + smooth)

    return overlap(b, scope, ratio)


def dsc(b, alpha=None, smooth=None, square=False, scope="example", factor=2.0, variant="paper", mode="softmax"):
    if alpha is None:
        alpha = 0.0 if variant == "reference" else 1.0
    if smooth is None:
        smooth = {"reference": 1e-4, "blog": 1e-5}.get(variant, 1.0)
    lp, lq = b.probabilities(mode == "sigmoid")
    if 0 < alpha < 1 and variant != "reference":
        lq = lq.clamp(min=math.log(1e-6))
    y = b.targets01()
    if variant == "blog":
        p = lp.exp().clamp(1e-6, 1 - 1e-6) * y
        q = (1 - p) * p
        return (1 - (factor * q * y + smooth) / (q + y + smooth)).amax(1).sum(), b.items
    q = torch.exp(lp + alpha * lq) if alpha else lp.exp()
    if variant == "gathered":
        q = pick(q, b.y)
        return (1 - (factor * q + smooth) / (q + 1 + smooth)).sum(), b.items
    power = 2 if square else 1
    if variant == "reference" and mode == "softmax" and not square:
        return (1 - (2 * q * y + smooth) / (q.sum(0) + y.sum(0) + smooth)).sum(), b.items
    if variant == "reference":
        scope = "batch" if mode == "sigmoid" else "example"

    def ratio(reduce):
        return 1 - (factor * reduce(q * y) + smooth) / (reduce(q ** power) + reduce(y) + smooth)

    return overlap(b, scope, ratio)


def la(b, tau=1.0):
    return nll(b.z + tau * b.prior.log(), b.y).sum(), b.items


def balanced_softmax(b):
    return nll(b.z + b.counts.log(), b.y).sum(), b.items


def pairwise(b, weight_power=0.0, tau_true=0.0, tau_other=0.0, adaptive=0.0):
    log_prior, y = b.prior.log(), b.y
    delta = (tau_other * log_prior)[None] - (tau_true * log_prior[y] - adaptive * b.prior[y] ** -0.25)[:, None]
    s = (delta + b.z - pick(b.z, y)[:, None]).masked_fill(one_hot(y, b.classes).bool(), -torch.inf)
    rows = torch.logaddexp(torch.zeros((), dtype=F64), s.logsumexp(1))
    return (b.prior[y] ** weight_power * rows).sum(), b.items


def adaptive(b):
    return pairwise(b, adaptive=1.0)


def equalised(b, tau=1.0):
    return pairwise(b, tau_other=tau)


def eql(b, gamma=0.9, **options):
    rare = (b.prior < options.get("lambda", 5e-3)).to(F64)
    mask = {0.0: torch.zeros_like(b.z), 1.0: torch.ones_like(b.z)}.get(gamma, b.mask)
    keep = 1 - mask * rare * (1 - one_hot(b.y, b.classes))
    rows = b.z.masked_fill(keep == 0, -torch.inf).logsumexp(1) - pick(b.z, b.y)
    return rows.sum(), b.items


def ldam(b, max_margin=0.5, scale=30.0):
    margin = max_margin * (b.counts.min() / b.counts) ** 0.25
    return nll(scale * (b.z - margin * one_hot(b.y, b.classes)), b.y).sum(), b.items


def vs(b, gamma=0.3, tau=1.0):
    return nll((b.counts / b.counts.max()) ** gamma * b.z + tau * b.prior.log(), b.y).sum(), b.items


def seesaw(b, p=0.8, q=2.0, eps=0.01, ratio_rule=False):
    lp = log_softmax_pair(b.z.detach())[0]
    own = pick(lp, b.y)[:, None]
    log_m = p * (b.counts[None].log() - b.counts[b.y][:, None].log()).clamp(max=0)
    log_ratio = lp - own.clamp(min=math.log(eps))
    log_c = torch.where(log_ratio > 0 if ratio_rule else lp > own, q * log_ratio, 0.0)
    return nll(b.z + (log_m + log_c) * (1 - one_hot(b.y, b.classes)), b.y).sum(), b.items


def lade(b, ridge=0.1, **options):
    y = b.targets01()
    present = y.sum(0) > 0
    first = (b.z * y).sum(0)[present] / y.sum(0)[present]
    r = (b.z - b.prior.log() - math.log(b.classes)).logsumexp(0)[present] - math.log(b.items)
    t = first - r - ridge * r ** 2
    return la(b)[0] / b.items - options.get("lambda", 0.1) * (b.prior[present] * t).sum(), 1


def asl(b, gamma_neg=4.0, gamma_pos=1.0, clip=0.05, variant="paper", normalise="items"):
    lp, lq = log_sigmoid_pair(b.z)
    y = b.targets01()
    if variant == "paper":
        m = (lp.exp() - clip).clamp(min=0)
        # 1 - m without cancellation when nothing is clipped off.
        log_rest = lq if clip == 0 else torch.log1p(-m)
        positive = torch.exp(gamma_pos * lq) * lp
        negative = (m ** gamma_neg if gamma_neg else 1.0) * log_rest
    else:
        p, rest = lp.exp(), (lq.exp() + clip).clamp(max=1)
        positive = (1 - p).detach() ** gamma_pos * p.clamp(min=1e-8).log()
        negative = (1 - rest).detach() ** gamma_neg * rest.clamp(min=1e-8).log()
    return -(y * positive + (1 - y) * negative).sum(), b.items * (b.classes if normalise == "elements" else 1)


def poly(b, epsilon=1.0):
    lp, lq = log_softmax_pair(b.z)
    return (-pick(lp, b.y) + epsilon * pick(lq, b.y).exp()).sum(), b.items


def gce(b, q=0.7):
    return (-torch.expm1(q * pick(log_softmax_pair(b.z)[0], b.y)) / q).sum(), b.items


def logit_norm(b, temperature=0.04):
    return nll(b.z / (temperature * b.z.norm(dim=1, keepdim=True)), b.y).sum(), b.items


def ce_dice(b, weight=0.5, convex=False):
    (c, n), (d, _) = ce(b), dice(b)
    return ((1 - weight if convex else 1.0) * c + weight * d) / n, 1


TABLE = {f.__name__.replace("_", "-"): f for f in (
    ce, wce, bce, focal, cb, dice, tversky, dsc, la, balanced_softmax, pairwise, adaptive, equalised, eql,
    ldam, vs, seesaw, lade, asl, poly, gce, logit_norm)} | {"ce+dice": ce_dice}


def evaluate(spec, case, z=None):
    """sum, normaliser and gradient of the value."""
    form, _, note = spec.partition("#")
    name, _, tail = form.partition(":")
    options = dict(o.split("=") for o in tail.split(",")) if tail else {}
    for key, text in options.items():
        try:
            options[key] = {"true": True, "false": False}.get(text, None)
            if options[key] is None:
                options[key] = float(text)
        except ValueError:
            options[key] = text
    if note == "ratio":
        options["ratio_rule"] = True
    if note == "convex":
        options["convex"] = True
    z = (case["logits"] if z is None else z).to(F64, copy=True).requires_grad_()
    total, normaliser = TABLE[name](Batch(case, z), **options)
    (gradient,) = torch.autograd.grad(total / normaliser, z)
    return total.item(), float(normaliser), gradient


# --- inputs ------------------------------------------------------------------------------------------

def make_cases():
    r = np.random.default_rng(SEED)
    counts = torch.tensor([1000, 250, 60, 15, 4, 1])

    def labels(n, c):
        y = r.integers(0, c, n)
        y[:c] = r.permutation(c)
        return torch.tensor(y)

    def normal(n, c, scale):
        return torch.tensor(r.normal(0, scale, (n, c)))

    soft = {
        "random": dict(logits=normal(13, 6, 2.0), targets=labels(13, 6), counts=counts,
                       mask=torch.tensor((r.random((13, 6)) < 0.9).astype(float))),
        # Every pair of (right, wrong) x (one winner, two winners, all but one) at |z| = 100.
        "saturated": dict(logits=torch.tensor(r.choice([-100.0, 100.0], (9, 6))), targets=labels(9, 6), counts=counts),
        "ignored": dict(logits=normal(9, 6, 1.0), targets=labels(9, 6), counts=counts, ignore_index=torch.tensor([-100])),
        "empty-class": dict(logits=normal(8, 5, 1.5), targets=labels(8, 5), counts=torch.tensor([1000, 0, 30, 0, 2])),
        "two-classes": dict(logits=normal(7, 2, 3.0), targets=labels(7, 2), counts=torch.tensor([1000, 1])),
        "cosines": dict(logits=torch.tensor(r.uniform(-1, 1, (7, 6))), targets=labels(7, 6), counts=counts),
        "weighted": dict(logits=normal(8, 6, 1.0), targets=labels(8, 6), counts=counts,
                         weights=torch.tensor(r.uniform(0.1, 5, 6))),
    }
    soft["ignored"]["targets"][[0, 4, 8]] = -100
    # True-class probability 1e-7, 0.5 and 1 - 1e-7, the rest spread evenly over two others.
    extreme = torch.zeros(6, 3, dtype=F64)
    extreme_y = torch.tensor([0, 1, 2, 2, 1, 0])
    for i, (y, p) in enumerate(zip(extreme_y, [1e-7, 0.5, 1 - 1e-7, 1e-7, 0.5, 1 - 1e-7])):
        extreme[i, y] = math.log(p) - math.log1p(-p) + math.log(2)
    soft["extreme"] = dict(logits=extreme, targets=extreme_y, counts=torch.tensor([1000, 31, 1]))

    multi_counts = torch.tensor([500, 100, 10, 1])

    def bits(n, c, p):
        return torch.tensor((r.random((n, c)) < p).astype(int))

    extreme_p = [1e-7, 0.01, 0.049, 0.051, 0.5, 1 - 1e-7] * 2
    multi = {
        "multilabel": dict(logits=normal(9, 4, 2.0), targets=bits(9, 4, 0.3)),
        "multilabel-saturated": dict(logits=torch.tensor(r.choice([-100.0, 100.0], (8, 4))), targets=bits(8, 4, 0.5)),
    }
    for case in multi.values():
        case |= dict(counts=multi_counts, train_items=torch.tensor([1000]))
    multi["one-logit"] = dict(logits=torch.tensor([[math.log(p) - math.log1p(-p)] for p in extreme_p], dtype=F64),
                              targets=torch.tensor([[i // 6] for i in range(12)]),
                              counts=torch.tensor([5]), train_items=torch.tensor([1000]))
    return soft, multi


SOFTMAX = {
    "weights": """ce ce:label_smoothing=0.1 wce:weights=inverse wce:weights=sqrt-inverse wce:weights=lg,k=1,form=outside
        wce:weights=lg,k=3,form=inside wce:weights=inverse,normalise=weights focal:gamma=2 focal:gamma=0
        focal:gamma=0.5 focal:gamma=1 cb:beta=0.999,base=ce cb:beta=0.9,base=bce cb:beta=0.9999,base=focal
        cb:beta=0,base=ce poly:epsilon=1 poly:epsilon=-0.5 gce:q=0.7 gce:q=1 logit-norm:temperature=0.04
        logit-norm:temperature=1 wce:weights=file wce:weights=file,normalise=weights""",
    "margins": """la:tau=1 la:tau=0.5 la:tau=-1 balanced-softmax pairwise:weight_power=-1
        pairwise:weight_power=0.5,tau_true=1.5,tau_other=1.5 pairwise:tau_true=1,tau_other=1,adaptive=1
        pairwise:weight_power=-0.5,tau_true=0.3,tau_other=-0.7,adaptive=0.2 adaptive equalised:tau=1
        equalised:tau=0.5 eql:gamma=0,lambda=0.05 eql:gamma=1,lambda=0.05 eql:gamma=1,lambda=0.005 eql:gamma=0.9,lambda=0.05
        ldam:max_margin=0.5,scale=30 ldam:max_margin=0.3,scale=10 vs:gamma=0.3,tau=1 vs:gamma=0.15,tau=0.5
        seesaw:p=0.8,q=2,eps=0.01 seesaw:p=0,q=1,eps=0.01 seesaw:p=0.5,q=0,eps=0.01
        seesaw:p=0.8,q=2,eps=0.01#ratio lade:lambda=0.1 lade:lambda=1,ridge=0.02""",
    "overlap": """dice:square=true,smooth=1,scope=example dice:square=false,smooth=1,scope=example
        dice:square=true,smooth=1,scope=class dice:square=false,smooth=0.001,scope=class
        dice:square=true,smooth=0.0001,scope=batch dice:square=false,smooth=1,scope=batch
        tversky:alpha=0.5,beta=0.5,smooth=1,scope=example tversky:alpha=0.3,beta=0.7,smooth=1,scope=example
        tversky:alpha=0.7,beta=0.3,smooth=0.5,scope=class tversky:alpha=0.2,beta=1.5,smooth=1,scope=batch
        dsc:alpha=1,smooth=1 dsc:alpha=0.01,smooth=1,square=true dsc:alpha=0,smooth=1 dsc:alpha=2,smooth=0.5
        dsc:alpha=1,smooth=1,factor=1 dsc:alpha=1,smooth=1,scope=class dsc:alpha=0.01,smooth=1,scope=class
        dsc:alpha=1,smooth=0.0001,square=true,scope=batch dsc:variant=reference
        dsc:variant=reference,alpha=1,smooth=1 dsc:variant=reference,alpha=1,smooth=1,square=true
        dsc:variant=blog dsc:variant=blog,factor=1 dsc:variant=gathered dsc:variant=gathered,alpha=0.5
        ce+dice:weight=0.5 ce+dice:weight=0.5#convex""",
}
MULTILABEL = """bce bce:pos_weight=inverse bce:normalise=items focal:mode=sigmoid,gamma=2,alpha=0.25
    focal:mode=sigmoid,gamma=2 focal:mode=sigmoid,gamma=0.5,alpha=0.9 focal:mode=sigmoid,gamma=0
    dice:mode=sigmoid,scope=example dice:mode=sigmoid,square=false,smooth=0.1,scope=example
    dice:mode=sigmoid,scope=class dice:mode=sigmoid,square=false,scope=batch
    tversky:mode=sigmoid,alpha=0.3,beta=0.7 tversky:mode=sigmoid,alpha=0.3,beta=0.7,scope=batch
    dsc:mode=sigmoid,alpha=1 dsc:mode=sigmoid,alpha=0.01,square=true,scope=batch dsc:mode=sigmoid,alpha=1,scope=batch
    dsc:mode=sigmoid,alpha=1,scope=class,smooth=0.0001 dsc:mode=sigmoid,variant=reference
    asl:gamma_neg=4,gamma_pos=1,clip=0.05 asl:gamma_neg=0,gamma_pos=0,clip=0 asl:gamma_neg=2,gamma_pos=0.5,clip=0
    asl:gamma_neg=0.5,gamma_pos=0,clip=0.2 asl:gamma_neg=4,gamma_pos=1,clip=0.05,normalise=elements
    asl:gamma_neg=4,gamma_pos=1,clip=0.05,variant=reference asl:gamma_neg=2,gamma_pos=2,clip=0,variant=reference"""


def wanted(spec, case_name):
    if case_name == "weighted":
        return spec.startswith("wce:weights=file") or spec in ("focal:gamma=2", "focal:gamma=0")
    if spec.startswith("eql:gamma=0.9"):
        return case_name == "random"
    return not spec.startswith("wce:weights=file")


# --- checks ------------------------------------------------------------------------------------------

DETACHED = ("seesaw", "asl:gamma_neg=4,gamma_pos=1,clip=0.05,variant=reference",
            "asl:gamma_neg=2,gamma_pos=2,clip=0,variant=reference")


def check_gradient(spec, case_name, case, gradient):
    assert torch.isfinite(gradient).all(), (spec, case_name, gradient)
    if spec.startswith(DETACHED):
        return
    # Kinks (a clamp passed inside the step) do not occur at these points.
    step = 1e-4 if "saturated" in case_name else 1e-5
    z = case["logits"]
    value = lambda z: (lambda r: r[0] / r[1])(evaluate(spec, case, z))
    for i in range(z.shape[0]):
        for k in range(z.shape[1]):
            d = torch.zeros_like(z)
            d[i, k] = step
            number = (8 * (value(z + d) - value(z - d)) - (value(z + 2 * d) - value(z - 2 * d))) / (12 * step)
            scale = max(1.0, abs(value(z)))
            assert abs(number - gradient[i, k]) < 3e-7 * scale * (1 + abs(gradient[i, k])), (
                spec, case_name, i, k, number, gradient[i, k].item())


def check_published():
    """Compares with values computed elsewhere; returns the lines that differ in a printed digit."""
    wrong, checked = [], 0

    def same(name, got, printed):
        nonlocal checked
        checked += 1
        digits = len(printed.split(".")[1])
        if abs(got - float(printed)) > 0.5000001 * 10.0 ** -digits:
            wrong.append(f"{name}: printed {printed}, got {got:.{digits + 3}f}")

    def value(spec, **case):
        s, n, _ = evaluate(spec, {k: torch.as_tensor(v) for k, v in case.items()})
        return s / n

    z = torch.tensor([[.1, .2, .8, 1.2, 1.24, 2.96]], dtype=F64)
    for k, printed in enumerate(".036086 .039881 .072669 .108409 .112833 .630121".split()):
        same(f"blog softmax {k}", z.softmax(1)[0, k].item(), printed)
    for k, printed in enumerate(".932761 .926233 .873725 .823718 .818006 .621965".split()):
        same(f"blog label {k}", value("dsc:variant=blog", logits=z, targets=[k]), printed)
    rows = {2: ".929497 .899979 .848721 .820862 .719985 .310982", 1: ".964744 .949985 .924356 .910426 .859988 .405489"}
    for factor, row in rows.items():
        for k, printed in enumerate(row.split()):
            both = value(f"dsc:variant=blog,factor={factor}", logits=z.repeat(2, 1), targets=[k, k + 1])
            same(f"blog batch {k},{k + 1} factor {factor}", both, printed)

    z = torch.tensor([[2, .5, -1]], dtype=F64)
    counts = [700, 200, 100]
    for k, printed in enumerate(".7855970 .1752904 .0391126".split()):
        same(f"softmax {k}", z.softmax(1)[0, k].item(), printed)
    w = [.267650, .913815, 1.818536]
    beta = torch.tensor([.9999], dtype=F64)
    e = (1 - beta) / (1 - beta ** torch.tensor(counts))
    for k in range(3):
        same(f"cb weight {k}", (3 * e / e.sum())[k].item(), f"{w[k]:.6f}")
    published = {
        "ce": ".2413113 1.7413113 3.2413113", "focal:gamma=2": ".0110928 1.1843458 2.9927178",
        "pairwise:weight_power=-1": ".3447304 8.7065565 32.4131130", "cb:beta=0.9999": ".0645869 1.5912355 5.8944412",
        "la:tau=1": ".0684657 2.8212287 5.0143759", "balanced-softmax": ".0684657 2.8212287 5.0143759",
        "la:tau=0.5": ".1293478 2.2557292 4.1023028", "adaptive": ".5957468 3.0904828 4.9865453",
        "equalised": ".0484137 1.4253938 2.7698483", "vs": ".0635157 2.9729188 4.5672157",
        "seesaw": ".0883772 4.5124548 9.0111698", "dsc:variant=gathered": ".3834867 .3988860 .4723328",
        "dsc:variant=reference,square=true,alpha=0.01,smooth=1": ".0509531 .7111393 .8654062",
        "dsc:alpha=1": ".5460128 .5792613 .7427913", "dice": ".0489025 .7180878 .8727432",
        "tversky:alpha=0.3,beta=0.7": ".1390921 .5317230 .6336356"}
    for spec, row in published.items():
        for y, printed in enumerate(row.split()):
            same(f"{spec} y={y}", value(spec, logits=z, targets=[y], counts=counts), printed)
    cosines = torch.tensor([[.6, .2, -.1]], dtype=F64)
    for y, printed in enumerate(".0603039 24.6134462 36.0000061".split()):
        same(f"ldam y={y}", value("ldam", logits=cosines, targets=[y], counts=counts), printed)
        same(f"ldam margin {y}", .5 * (100 / counts[y]) ** .25, (".307394", ".420448", ".500000")[y])

    p = torch.tensor([.9, .2, .6, .1, .05], dtype=F64)
    z = (p.log() - torch.log1p(-p))[:, None]
    y = torch.tensor([[1], [0], [1], [0], [0]])
    table = """0 false .1752577 .2207735, 0 true .0526939 .0690436, 0.01 false .1814842 .2289441,
        0.01 true .0553258 .0727253, 1 false .5423846 .7487822, 1 true .4648021 .6859293"""
    for row in table.split(","):
        alpha, square, *cells = row.split()
        for smooth, printed in zip(("1", "0.0001"), cells):
            spec = f"dsc:mode=sigmoid,scope=batch,alpha={alpha},square={square},smooth={smooth}"
            same(spec, value(spec, logits=z, targets=y), printed)
    same("mean dsc", value("dsc:mode=sigmoid,alpha=1", logits=z, targets=y), ".2081077")
    same("mean dice", value("dice:mode=sigmoid", logits=z, targets=y), ".0244423")
    return checked, wrong


def main():
    torch.manual_seed(SEED)
    checked, wrong = check_published()
    print(f"published values: {checked - len(wrong)} of {checked} agree in every printed digit")
    print(*("  " + line for line in wrong), sep="\n")

    soft, multi = make_cases()
    here = pathlib.Path(__file__).parent
    metadata = dict(maker="tests/golden/make_losses.py", seed=str(SEED), python=sys.version.split()[0],
                    torch=torch.__version__, numpy=np.__version__, safetensors=safetensors.__version__)
    topics = [(topic, specs.split(), soft) for topic, specs in SOFTMAX.items()]
    topics.append(("multilabel", MULTILABEL.split(), multi))
    for topic, specs, cases in topics:
        out = {f"inputs/{name}/{key}": value.clone() for name, case in cases.items() for key, value in case.items()}
        for spec in specs:
            for name, case in cases.items():
                if not wanted(spec, name):
                    continue
                s, n, g = evaluate(spec, case)
                check_gradient(spec, name, case, g)
                out[f"{spec}/{name}/result"] = torch.tensor([s, n, s / n], dtype=F64)
                out[f"{spec}/{name}/gradient"] = g
        path = here / f"losses_{topic}.safetensors"
        save_file(out, path, metadata)
        print(f"{path.name}: {len(specs)} text forms, {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
