#!/usr/bin/env python3
"""JAX on the CPU: the rows of rows.py under jit with donated buffers, as fast as it goes in float32.

JAX takes its threads from the cores the process may use, so the program pins itself first. Mode `scan` runs
many steps inside one compiled loop, which hides the cost of a call; it is what a tiny model can gain at best.
"""
import os

import rows

ARGUMENTS = rows.arguments(["jit", "scan"])
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:ARGUMENTS.threads])
os.environ["JAX_PLATFORMS"] = "cpu"

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

random = np.random.default_rng(0)
SCAN = 50


def normal(*shape, scale=0.05):
    return jnp.asarray(random.normal(0, scale, shape), jnp.float32)


def integers(high, *shape):
    return jnp.asarray(random.integers(0, high, shape), jnp.int32)


def linear(n, m):
    return dict(w=normal(n, m), b=jnp.zeros(m))


def apply(p, x):
    return x @ p["w"] + p["b"]


def cross_entropy(z, y):
    return jax.nn.logsumexp(z, -1) - jnp.take_along_axis(z, y[..., None], -1)[..., 0]


def momentum(p, g, s):
    s = jax.tree.map(lambda a, b: 0.9 * a + b, s, g)
    return jax.tree.map(lambda a, b: a - 0.01 * b, p, s), s


def adam(p, g, s):
    m, v, t = s
    t = t + 1
    m = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, m, g)
    v = jax.tree.map(lambda a, b: 0.999 * a + 0.001 * b * b, v, g)
    rate, c = 1e-3 / (1 - 0.9 ** t), 1 / (1 - 0.999 ** t)
    return jax.tree.map(lambda a, b, d: a - rate * b / (jnp.sqrt(d * c) + 1e-8), p, m, v), (m, v, t)


def zeros(p):
    return jax.tree.map(jnp.zeros_like, p)


def training_step(loss, p, s, update, *batch):
    def one(state, batch):
        p, s, key = state
        key, sub = jax.random.split(key)
        value, g = jax.value_and_grad(loss)(p, sub, *batch)
        p, s = update(p, g, s)
        return (p, s, key), value

    if ARGUMENTS.mode == "scan":
        def many(state, batch):
            return lax.scan(lambda state, _: one(state, batch), state, None, length=SCAN)
    else:
        many = one
    many = jax.jit(many, donate_argnums=0)
    box = [jax.device_put((p, s, jax.random.key(0)))]
    batch = jax.device_put(batch)

    def step():
        box[0], value = many(box[0], batch)
        jax.block_until_ready((box[0], value))

    return step


def mlp(batch):
    p = [linear(2, 64), linear(64, 64), linear(64, 2)]

    def loss(p, key, x, y):
        x = jax.nn.relu(apply(p[1], jax.nn.relu(apply(p[0], x))))
        return cross_entropy(apply(p[2], x), y).mean()

    return training_step(loss, p, zeros(p), momentum, normal(batch, 2, scale=1), integers(2, batch))


def encoder(vocabulary, width, heads, hidden, layers, tags, batch, steps):
    def layer():
        return dict(qkv=linear(width, 3 * width), out=linear(width, width), up=linear(width, hidden), down=linear(hidden, width),
                    g1=jnp.ones(width), b1=jnp.zeros(width), g2=jnp.ones(width), b2=jnp.zeros(width))

    p = dict(embed=normal(vocabulary, width), positions=normal(steps, width), head=linear(width, tags),
             layers=[layer() for _ in range(layers)])
    pad = np.arange(steps)[None] >= steps - (np.arange(batch) % 8)[:, None]
    bias = jnp.asarray(np.where(pad, -1e9, 0.0)[:, None, None], jnp.float32)
    keep = jnp.asarray(~pad, jnp.float32)

    def drop(key, x):
        bits = jax.random.bits(key, x.shape, jnp.uint16)
        return jnp.where(bits < 58982, x * (1 / 0.9), 0)

    def norm(x, g, b):
        x = x - x.mean(-1, keepdims=True)
        return x * lax.rsqrt((x * x).mean(-1, keepdims=True) + 1e-5) * g + b

    def loss(p, key, ids, y, bias, keep):
        x = p["embed"][ids] + p["positions"]
        for i, q in enumerate(p["layers"]):
            k1, k2, k3, k4 = jax.random.split(jax.random.fold_in(key, i), 4)
            a = apply(q["qkv"], x).reshape(batch, steps, 3, heads, width // heads).transpose(2, 0, 3, 1, 4)
            w = jax.nn.softmax((a[0] * (width // heads) ** -0.5) @ a[1].swapaxes(2, 3) + bias)
            a = (drop(k1, w) @ a[2]).swapaxes(1, 2).reshape(batch, steps, width)
            x = norm(x + drop(k2, apply(q["out"], a)), q["g1"], q["b1"])
            f = drop(k3, jax.nn.gelu(apply(q["up"], x), approximate=False))
            x = norm(x + drop(k4, apply(q["down"], f)), q["g2"], q["b2"])
        return (cross_entropy(apply(p["head"], x), y) * keep).sum() / keep.sum()

    state = (zeros(p), zeros(p), jnp.zeros((), jnp.float32))
    return training_step(loss, p, state, adam, integers(vocabulary, batch, steps), integers(tags, batch, steps), bias, keep)


def tagger(vocabulary, embedding, width, tags, batch, steps):
    def cell():
        return dict(ih=linear(embedding, 4 * width), hh=normal(width, 4 * width))

    p = dict(embed=normal(vocabulary, embedding), forward=cell(), backward=cell(), head=linear(2 * width, tags),
             transitions=normal(tags, tags), begin=jnp.zeros(tags), end=jnp.zeros(tags))
    lengths = steps - np.arange(batch) % (steps // 2)
    mask = jnp.asarray(np.arange(steps)[:, None] < lengths[None])  # [steps, batch]
    last = jnp.asarray(lengths - 1, jnp.int32)

    def lstm(q, x, mask, reverse):
        gates = apply(q["ih"], x)

        def step(carry, now):
            h, c = carry
            g, m = now
            i, f, u, o = jnp.split(g + h @ q["hh"], 4, -1)
            d = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(u)
            n = jax.nn.sigmoid(o) * jnp.tanh(d)
            m = m[:, None]
            n = jnp.where(m, n, h)
            return (n, jnp.where(m, d, c)), n

        zero = jnp.zeros((batch, width))
        return lax.scan(step, (zero, zero), (gates, mask), reverse=reverse)[1]

    def loss(p, key, ids, y, mask, last):
        x = p["embed"][ids]
        h = jnp.concatenate([lstm(p["forward"], x, mask, False), lstm(p["backward"], x, mask, True)], -1)
        e = apply(p["head"], h)
        picked = jnp.take_along_axis(e, y[..., None], 2)[..., 0]
        score = p["begin"][y[0]] + picked[0] + p["end"][jnp.take_along_axis(y, last[None], 0)[0]]
        score = score + jnp.where(mask[1:], p["transitions"][y[:-1], y[1:]] + picked[1:], 0).sum(0)

        def forward(alpha, now):
            e, m = now
            # logsumexp as a product: the largest score is taken out, then exp(alpha) exp(transitions).
            top = lax.stop_gradient(alpha.max(1, keepdims=True))
            n = jnp.log(jnp.exp(alpha - top) @ weights) + top + ceiling + e
            return jnp.where(m[:, None], n, alpha), None

        ceiling = lax.stop_gradient(p["transitions"].max())
        weights = jnp.exp(p["transitions"] - ceiling)
        alpha, _ = lax.scan(forward, p["begin"] + e[0], (e[1:], mask[1:]))
        return (jax.nn.logsumexp(alpha + p["end"], 1) - score).mean()

    return training_step(loss, p, zeros(p), momentum, integers(vocabulary, steps, batch), integers(tags, steps, batch), mask, last)


def image(net, batch):
    def filters(n, m):
        return dict(w=normal(3, 3, n, m), g=jnp.ones(m), b=jnp.zeros(m))

    def conv_bn(p, s, x, stride=1):
        """Batch norm after the convolution, and the running moments it leaves."""
        x = lax.conv_general_dilated(x, p["w"], (stride, stride), ((1, 1), (1, 1)), dimension_numbers=("NHWC", "HWIO", "NHWC"))
        mean = x.mean((0, 1, 2))
        x = x - mean
        variance = (x * x).mean((0, 1, 2))
        s = (0.9 * s[0] + 0.1 * mean, 0.9 * s[1] + 0.1 * variance)
        return x * (lax.rsqrt(variance + 1e-5) * p["g"]) + p["b"], lax.stop_gradient(s)

    widths = [(1, 32), (32, 64)] if net == "cnn" else [(1, 16), (16, 16), (16, 16), (16, 32), (32, 32), (32, 64), (64, 64)]
    p = dict(convs=[filters(n, m) for n, m in widths], hidden=linear(3136, 128), out=linear(128 if net == "cnn" else 64, 10))
    if net == "resnet":
        del p["hidden"]
    moments = [(jnp.zeros(m), jnp.ones(m)) for _, m in widths]

    def loss(p, s, x, y):
        s = list(s)
        if net == "cnn":
            for i, q in enumerate(p["convs"]):
                x, s[i] = conv_bn(q, s[i], x)
                n, h, w, c = x.shape
                x = jax.nn.relu(x).reshape(n, h // 2, 2, w // 2, 2, c).max((2, 4))
            x = jax.nn.relu(apply(p["hidden"], x.reshape(batch, -1)))
        else:
            x, s[0] = conv_bn(p["convs"][0], s[0], x)
            x = jax.nn.relu(x)
            for block in range(3):
                i = 1 + 2 * block
                stride = 1 if block == 0 else 2
                h, s[i] = conv_bn(p["convs"][i], s[i], x, stride)
                h, s[i + 1] = conv_bn(p["convs"][i + 1], s[i + 1], jax.nn.relu(h))
                more = (h.shape[3] - x.shape[3]) // 2
                x = jax.nn.relu(h + jnp.pad(x[:, ::stride, ::stride], ((0, 0), (0, 0), (0, 0), (more, more))))
            x = x.mean((1, 2))
        return cross_entropy(apply(p["out"], x), y).mean(), s

    def one(state, batch):
        p, m, s = state
        (value, s), g = jax.value_and_grad(loss, has_aux=True)(p, s, *batch)
        p, m = momentum(p, g, m)
        return (p, m, s), value

    if ARGUMENTS.mode == "scan":
        step_of = lambda state, batch: lax.scan(lambda state, _: one(state, batch), state, None, length=SCAN)
    else:
        step_of = one
    many = jax.jit(step_of, donate_argnums=0)
    box = [jax.device_put((p, zeros(p), moments))]
    data = jax.device_put((normal(batch, 28, 28, 1, scale=1), integers(10, batch)))

    def step():
        box[0], value = many(box[0], data)
        jax.block_until_ready((box[0], value))

    return step


# --- losses ------------------------------------------------------------------------------------------

def softmax_losses(y, c):
    """Functions of (z, y, key); tables over classes are constants of the program."""
    counts = np.asarray(rows.counts_of(c), np.float64)
    prior = counts / counts.sum()
    inverse = counts.sum() / (c * counts)
    effective = (1 - 0.999) / (1 - 0.999 ** counts)
    log_m = 0.8 * np.minimum(np.log(counts)[None] - np.log(counts)[:, None], 0)
    f32 = lambda a: jnp.asarray(a, jnp.float32)
    log_prior, log_counts, inverse, effective = map(f32, (np.log(prior), np.log(counts), inverse, effective * c / effective.sum()))
    margins, scales, log_m = map(f32, (0.5 * (counts.min() / counts) ** 0.25, (counts / counts.max()) ** 0.3, log_m))
    true_adaptive, rare = f32(prior ** -0.25), jnp.asarray(prior < 5e-3)
    prior = f32(prior)

    def pick(t, y):
        return jnp.take_along_axis(t, y[:, None], 1)[:, 0]

    def true_class(y):
        return y[:, None] == jnp.arange(c, dtype=jnp.int32)

    def log_p(z, y):
        return -cross_entropy(z, y)

    def ratio_example(q, y, square, f=2.0, s=1.0):
        t = true_class(y)
        power = q * q if square else q
        return (1 - jnp.where(t, f * q + s, s) / (power + jnp.where(t, 1 + s, s))).sum(1).mean()

    def dice_class(z, y, key):
        p, t = jax.nn.softmax(z), true_class(y)
        return (1 - (2 * jnp.where(t, p, 0).sum(0) + 1) / ((p * p).sum(0) + t.sum(0) + 1)).sum()

    def dice_batch(z, y, key):
        p = jax.nn.softmax(z)
        return 1 - (2 * jnp.where(true_class(y), p, 0).sum() + 1) / ((p * p).sum() + len(y) + 1)

    def tversky(z, y, key):
        p, t = jax.nn.softmax(z), true_class(y)
        return (1 - jnp.where(t, p + 1, 1) / (jnp.where(t, p + 0.7 * (1 - p), 0.3 * p) + 1)).sum(1).mean()

    def dsc(z, y, key):
        p = jax.nn.softmax(z)
        return ratio_example((1 - p) * p, y, False)

    def pairwise(z, y, log_other, log_true):
        return cross_entropy(z + jnp.where(true_class(y), jnp.reshape(log_true, (-1, 1)), log_other), y).mean()

    def focal(z, y, key):
        l = log_p(z, y)
        return -((1 - jnp.exp(l)) ** 2 * l).mean()

    def eql(z, y, key):
        bits = jax.random.bits(key, z.shape, jnp.uint16)
        drop = (bits < 58982) & rare & ~true_class(y)
        return cross_entropy(jnp.where(drop, -jnp.inf, z), y).mean()

    def seesaw(z, y, key):
        own, t = pick(z, y)[:, None], true_class(y)
        lse = jax.nn.logsumexp(z, 1, keepdims=True)
        floor = jnp.maximum(own - lse, math.log(0.01)) + lse
        shift = log_m[y] + jnp.where(z > own, 2 * (z - floor), 0)
        return cross_entropy(z + lax.stop_gradient(jnp.where(t, 0, shift)), y).mean()

    def lade(z, y, key):
        t = true_class(y)
        items = t.sum(0)
        first = jnp.where(t, z, 0).sum(0) / jnp.maximum(items, 1)
        r = jax.nn.logsumexp(z - log_prior - math.log(c), 0) - math.log(len(y))
        ladder = jnp.where(items > 0, prior * (first - r - 0.1 * r * r), 0).sum()
        return cross_entropy(z + log_prior, y).mean() - 0.1 * ladder

    def logit_norm(z, y, key):
        return cross_entropy(z * (25 * lax.rsqrt((z * z).sum(1, keepdims=True))), y).mean()

    return {
        "ce": lambda z, y, key: cross_entropy(z, y).mean(),
        "wce": lambda z, y, key: -(inverse[y] * log_p(z, y)).mean(),
        "focal": focal, "cb": lambda z, y, key: -(effective[y] * log_p(z, y)).mean(),
        "dice": lambda z, y, key: ratio_example(jax.nn.softmax(z), y, True),
        "dice-class": dice_class, "dice-batch": dice_batch, "tversky": tversky, "dsc": dsc,
        "la": lambda z, y, key: cross_entropy(z + log_prior, y).mean(),
        "balanced-softmax": lambda z, y, key: cross_entropy(z + log_counts, y).mean(),
        "pairwise": lambda z, y, key: pairwise(z, y, log_prior, log_prior[y]),
        "adaptive": lambda z, y, key: pairwise(z, y, 0.0, -true_adaptive[y]),
        "equalised": lambda z, y, key: pairwise(z, y, log_prior, jnp.zeros(())),
        "eql": eql, "ldam": lambda z, y, key: cross_entropy(30 * (z - jnp.where(true_class(y), margins, 0)), y).mean(),
        "vs": lambda z, y, key: cross_entropy(scales * z + log_prior, y).mean(),
        "seesaw": seesaw, "lade": lade,
        "poly": lambda z, y, key: (lambda l: (1 - l - jnp.exp(l)).mean())(log_p(z, y)),
        "gce": lambda z, y, key: ((1 - jnp.exp(0.7 * log_p(z, y))) / 0.7).mean(),
        "logit-norm": logit_norm,
    }


def multilabel_losses():
    def bce_elements(z, t):
        return jnp.maximum(z, 0) - z * t + jnp.log1p(jnp.exp(-jnp.abs(z)))

    def focal_sigmoid(z, t, key):
        p = jax.nn.sigmoid(z)
        rest = p + t - 2 * p * t
        return ((0.75 - 0.5 * t) * rest * rest * bce_elements(z, t)).mean()

    def asl(z, t, key):
        p = jax.nn.sigmoid(z)
        m2 = jnp.maximum(p - 0.05, 0) ** 2
        return -jnp.where(t > 0, (1 - p) * jax.nn.log_sigmoid(z), m2 * m2 * jnp.log1p(-jnp.maximum(p - 0.05, 0))).sum() / len(z)

    return {"bce": lambda z, t, key: bce_elements(z, t).mean(), "focal-sigmoid": focal_sigmoid, "asl": asl}


def loss(name, n, c):
    z = normal(n, c, scale=1)
    if name == "ldam":
        z = jnp.tanh(z)
    if name in rows.MULTILABEL_LOSSES:
        y, f = jnp.asarray(random.random((n, c)) < 0.1, jnp.float32), multilabel_losses()[name]
    else:
        y = integers(c, n)
        f = softmax_losses(y, c)[name]
    g = jax.jit(jax.value_and_grad(f))
    key = jax.random.key(1)
    return lambda: jax.block_until_ready(g(z, y, key))


def make_step(row):
    jax.clear_caches()
    for table, build in ((rows.MLP, mlp), (rows.ENCODER, lambda s: encoder(**s)), (rows.TAGGER, lambda s: tagger(**s)),
                         (rows.IMAGE, lambda s: image(**s)),
                         (rows.LOSSES, lambda s: loss(*s))):
        if row in table:
            return build(table[row])
    raise KeyError(row)


def steps_a_call(row):
    return SCAN if ARGUMENTS.mode == "scan" and row not in rows.LOSSES else 1


rows.run(ARGUMENTS, "jax", jax.__version__, make_step, steps_a_call)
