#!/usr/bin/env python3
"""PyTorch on the CPU: the rows of rows.py, eager or compiled (inductor, needs g++), as fast as it goes in float32."""
import math

import rows

ARGUMENTS = rows.arguments(["eager", "compile"])

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
torch.set_num_threads(ARGUMENTS.threads)


def compiled(f):
    return torch.compile(f, dynamic=False) if ARGUMENTS.mode == "compile" else f


def training_step(model, optimiser, *batch):
    loss_of = compiled(model)

    def step():
        optimiser.zero_grad(set_to_none=True)
        loss_of(*batch).backward()
        optimiser.step()

    return step


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))

    def forward(self, x, y):
        return F.cross_entropy(self.net(x), y)


def mlp(batch):
    m = Mlp()
    return training_step(m, torch.optim.SGD(m.parameters(), 0.01, momentum=0.9, fused=True),
                         torch.randn(batch, 2), torch.randint(0, 2, (batch,)))


class Layer(nn.Module):
    def __init__(self, width, heads, hidden):
        super().__init__()
        self.heads = heads
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, x, bias, dropout):
        batch, steps, width = x.shape
        q, k, v = self.qkv(x).view(batch, steps, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        weights = torch.softmax((q * (width // self.heads) ** -0.5) @ k.transpose(2, 3) + bias, 3)
        mixed = (dropout(weights) @ v).transpose(1, 2).reshape(batch, steps, width)
        x = self.norm1(x + dropout(self.out(mixed)))
        return self.norm2(x + dropout(self.down(dropout(F.gelu(self.up(x))))))


def random_bits(elements):
    """16 random bits an element: PyTorch's own bernoulli draws more, in one thread, a sixth of an encoder's step."""
    return torch.empty((elements + 3) // 4, dtype=torch.int64).random_(-2 ** 63, None).view(torch.int16)


class FastDropout:
    """Dropout of 0.1 out of one draw for the whole model."""

    def __init__(self, elements):
        self.bits = random_bits(elements)
        self.used = 0

    def __call__(self, x):
        bits = self.bits[self.used:self.used + x.numel()].view(x.shape)
        self.used += x.numel()
        return x * torch.where(bits < 32768 - 6554, 1 / 0.9, 0.0)


class Encoder(nn.Module):
    def __init__(self, vocabulary, width, heads, hidden, layers, tags, batch, steps):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, width)
        self.positions = nn.Parameter(torch.zeros(steps, width))
        self.layers = nn.ModuleList(Layer(width, heads, hidden) for _ in range(layers))
        self.head = nn.Linear(width, tags)
        self.random = layers * batch * steps * (heads * steps + 2 * width + hidden)

    def forward(self, ids, tags, bias):
        dropout = FastDropout(self.random)
        x = self.embed(ids) + self.positions
        for layer in self.layers:
            x = layer(x, bias, dropout)
        return F.cross_entropy(self.head(x).flatten(0, 1), tags.flatten(), ignore_index=-100)


def encoder(batch, steps, vocabulary, tags, **sizes):
    m = Encoder(vocabulary=vocabulary, tags=tags, batch=batch, steps=steps, **sizes)
    mask = torch.arange(steps)[None] >= steps - (torch.arange(batch) % 8)[:, None]
    y = torch.randint(0, tags, (batch, steps)).masked_fill(mask, -100)
    bias = torch.zeros(batch, 1, 1, steps).masked_fill(mask[:, None, None], -torch.inf)
    return training_step(m, torch.optim.Adam(m.parameters(), 1e-3, fused=True), torch.randint(0, vocabulary, (batch, steps)), y, bias)


class Tagger(nn.Module):
    def __init__(self, vocabulary, embedding, width, tags):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, embedding)
        self.lstm = nn.LSTM(embedding, width, bidirectional=True)
        self.head = nn.Linear(2 * width, tags)
        self.transitions = nn.Parameter(torch.randn(tags, tags) * 0.1)
        self.begin = nn.Parameter(torch.zeros(tags))
        self.end = nn.Parameter(torch.zeros(tags))
        self.nll = compiled(self.crf)

    def crf(self, emissions, y, mask, last):
        # Time first: [steps, batch, tags]. Scores of the given paths need no loop over time.
        picked = emissions.gather(2, y[..., None]).squeeze(2)
        score = self.begin[y[0]] + picked[0] + self.end[y.gather(0, last[None])[0]]
        score = score + ((self.transitions[y[:-1], y[1:]] + picked[1:]) * mask[1:]).sum(0)
        # unbind: one stack in the backward pass where indexing would add up a full-size gradient each step.
        first, *rest = emissions.unbind(0)
        alpha = self.begin + first
        for e, keep in zip(rest, (mask[1:, :, None] > 0).unbind(0)):
            alpha = torch.where(keep, torch.logsumexp(alpha[:, :, None] + self.transitions, 1) + e, alpha)
        return (torch.logsumexp(alpha + self.end, 1) - score).mean()

    def forward(self, ids, y, mask, lengths, last):
        # `ids` are packed words: embedding and head do no work on padding.
        x = nn.utils.rnn.PackedSequence(self.embed(ids.data), ids.batch_sizes, ids.sorted_indices, ids.unsorted_indices)
        h = self.lstm(x)[0]
        h = nn.utils.rnn.PackedSequence(self.head(h.data), h.batch_sizes, h.sorted_indices, h.unsorted_indices)
        return self.nll(nn.utils.rnn.pad_packed_sequence(h)[0], y, mask, last)


def tagger(batch, steps, tags, vocabulary, **sizes):
    m = Tagger(vocabulary=vocabulary, tags=tags, **sizes)
    lengths = steps - torch.arange(batch) % (steps // 2)
    ids = nn.utils.rnn.pack_padded_sequence(torch.randint(0, vocabulary, (steps, batch)), lengths, enforce_sorted=False)
    mask = (torch.arange(steps)[:, None] < lengths[None]).float()
    optimiser = torch.optim.SGD(m.parameters(), 0.01, momentum=0.9, fused=True)
    y = torch.randint(0, tags, (steps, batch))

    def step():
        optimiser.zero_grad(set_to_none=True)
        m(ids, y, mask, lengths, lengths - 1).backward()
        optimiser.step()

    return step


class Cnn(nn.Module):
    def __init__(self):
        super().__init__()
        stage = lambda n, m: (nn.Conv2d(n, m, 3, padding=1, bias=False), nn.BatchNorm2d(m), nn.ReLU(), nn.MaxPool2d(2))
        self.net = nn.Sequential(*stage(1, 32), *stage(32, 64), nn.Flatten(), nn.Linear(3136, 128), nn.ReLU(), nn.Linear(128, 10))

    def forward(self, x, y):
        return F.cross_entropy(self.net(x), y)


class Block(nn.Module):
    def __init__(self, n, m, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(n, m, 3, stride, 1, bias=False), nn.BatchNorm2d(m)
        self.conv2, self.bn2 = nn.Conv2d(m, m, 3, 1, 1, bias=False), nn.BatchNorm2d(m)
        self.stride, self.more = stride, (m - n) // 2

    def forward(self, x):
        h = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.more:
            x = F.pad(x[:, :, ::self.stride, ::self.stride], (0, 0, 0, 0, self.more, self.more))
        return F.relu(h + x)


class ResNet8(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(1, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)
        self.blocks = nn.Sequential(Block(16, 16, 1), Block(16, 32, 2), Block(32, 64, 2))
        self.out = nn.Linear(64, 10)

    def forward(self, x, y):
        return F.cross_entropy(self.out(self.blocks(F.relu(self.bn(self.conv(x)))).mean((2, 3))), y)


def image(net, batch):
    # The faster layout here.
    m = (Cnn() if net == "cnn" else ResNet8()).to(memory_format=torch.channels_last)
    x = torch.randn(batch, 1, 28, 28).to(memory_format=torch.channels_last)
    return training_step(m, torch.optim.SGD(m.parameters(), 0.01, momentum=0.9, fused=True), x, torch.randint(0, 10, (batch,)))


# --- losses ------------------------------------------------------------------------------------------

def softmax_losses(y, c):
    counts = torch.tensor(rows.counts_of(c), dtype=torch.float32)
    prior = counts / counts.sum()
    log_prior, log_counts = prior.log(), counts.log()
    inverse = counts.sum() / (c * counts)
    effective = (1 - 0.999) / (1 - 0.999 ** counts)
    effective = effective * c / effective.sum()
    margins = 0.5 * (counts.min() / counts) ** 0.25
    scales = (counts / counts.max()) ** 0.3
    log_m = 0.8 * (log_counts[None] - log_counts[:, None]).clamp(max=0)
    rare = prior < 5e-3
    column = y[:, None]
    true_adaptive = prior[y] ** -0.25

    def pick(t):
        return t.gather(1, column).squeeze(1)

    def log_p(z):
        return pick(F.log_softmax(z, 1))

    def focal_rows(z):
        l = log_p(z)
        return -(1 - l.exp()) ** 2 * l

    def ratio_example(p, own_square, f=2.0, s=1.0):
        """One-vs-rest overlap summed over classes: all classes as negatives, then the true one put right."""
        square = p * p if own_square else p
        own, own_squared = pick(p), pick(square)
        negative = (1 - s / (square + s)).sum(1) - (1 - s / (own_squared + s))
        return (negative + 1 - (f * own + s) / (own_squared + 1 + s)).mean()

    class_items = torch.bincount(y, minlength=c).float()

    def dice_class(z):
        p = F.softmax(z, 1)
        hit = torch.zeros(c).index_add(0, y, pick(p))
        return (1 - (2 * hit + 1) / ((p * p).sum(0) + class_items + 1)).sum()

    def dice_batch(z):
        p = F.softmax(z, 1)
        return 1 - (2 * pick(p).sum() + 1) / ((p * p).sum() + len(y) + 1)

    def tversky(z):
        p = F.softmax(z, 1)
        own = pick(p)
        negative = (1 - 1 / (0.3 * p + 1)).sum(1) - (1 - 1 / (0.3 * own + 1))
        return (negative + 1 - (own + 1) / (own + 0.7 * (1 - own) + 1)).mean()

    def pairwise_rows(z, log_other, log_true):
        """log(1 + sum over k != y of exp(D_yk + z_k - z_y)) as cross entropy with a shifted true logit."""
        shifted = z + log_other
        own = pick(z) + log_true
        shifted = shifted.scatter(1, column, own[:, None])
        return torch.logsumexp(shifted, 1) - own

    def eql(z):
        bits = random_bits(z.numel())[:z.numel()].view(z.shape)
        drop = (bits < -32768 + 58982) & rare
        drop = drop.scatter(1, column, False)
        return (torch.logsumexp(z.masked_fill(drop, -torch.inf), 1) - pick(z)).mean()

    def seesaw(z):
        with torch.no_grad():
            l = F.log_softmax(z, 1)
            own = pick(l)[:, None]
            c_factor = torch.where(l > own, 2 * (l - own.clamp(min=math.log(0.01))), 0.0)
            shift = (log_m[y] + c_factor).scatter(1, column, 0.0)
        return F.cross_entropy(z + shift, y)

    shift = log_prior + math.log(c)
    present = (class_items > 0).float()

    def lade(z):
        first = torch.zeros(c).index_add(0, y, pick(z)) / class_items.clamp(min=1)
        r = torch.logsumexp(z - shift, 0) - math.log(len(y))
        return F.cross_entropy(z + log_prior, y) - 0.1 * (present * prior * (first - r - 0.1 * r * r)).sum()

    own_margin = -margins[y][:, None]

    def logit_norm(z):
        return F.cross_entropy(z * (25.0 * torch.rsqrt((z * z).sum(1, keepdim=True))), y)

    def dsc(z):
        p = F.softmax(z, 1)
        return ratio_example((1 - p) * p, False)

    inverse_y, effective_y = inverse[y], effective[y]
    return {
        "ce": lambda z: F.cross_entropy(z, y),
        "wce": lambda z: -(inverse_y * log_p(z)).mean(),
        "focal": lambda z: focal_rows(z).mean(),
        "cb": lambda z: -(effective_y * log_p(z)).mean(),
        "dice": lambda z: ratio_example(F.softmax(z, 1), True),
        "dice-class": dice_class, "dice-batch": dice_batch, "tversky": tversky, "dsc": dsc,
        "la": lambda z: F.cross_entropy(z + log_prior, y),
        "balanced-softmax": lambda z: F.cross_entropy(z + log_counts, y),
        "pairwise": lambda z: pairwise_rows(z, log_prior, log_prior[y]).mean(),
        "adaptive": lambda z: pairwise_rows(z, 0.0, -true_adaptive).mean(),
        "equalised": lambda z: pairwise_rows(z, log_prior, 0.0).mean(),
        "eql": eql,
        "ldam": lambda z: F.cross_entropy(30 * z.scatter_add(1, column, own_margin), y),
        "vs": lambda z: F.cross_entropy(scales * z + log_prior, y),
        "seesaw": seesaw, "lade": lade,
        "poly": lambda z: (lambda l: (1 - l - l.exp()).mean())(log_p(z)),
        "gce": lambda z: ((1 - torch.exp(0.7 * log_p(z))) / 0.7).mean(),
        "logit-norm": logit_norm,
    }


def multilabel_losses(t):
    def focal_sigmoid(z):
        p = torch.sigmoid(z)
        rest = p + t - 2 * p * t  # 1 - p_t
        return ((0.75 - 0.5 * t) * rest * rest * F.binary_cross_entropy_with_logits(z, t, reduction="none")).mean()

    def asl(z):
        p = torch.sigmoid(z)
        m = (p - 0.05).clamp(min=0)
        m2 = m * m
        positive = (1 - p) * F.logsigmoid(z)
        return -torch.where(t > 0, positive, m2 * m2 * torch.log1p(-m)).sum() / len(z)

    return {"bce": lambda z: F.binary_cross_entropy_with_logits(z, t), "focal-sigmoid": focal_sigmoid, "asl": asl}


def loss(name, n, c):
    z = torch.randn(n, c)
    if name == "ldam":
        z = torch.tanh(z)
    z.requires_grad_()
    if name in rows.MULTILABEL_LOSSES:
        f = multilabel_losses((torch.rand(n, c) < 0.1).float())[name]
    else:
        f = softmax_losses(torch.randint(0, c, (n,)), c)[name]
    f = compiled(f)

    def step():
        z.grad = None
        f(z).backward()

    return step


def make_step(row):
    torch._dynamo.reset()
    for table, build in ((rows.MLP, mlp), (rows.ENCODER, lambda s: encoder(**s)), (rows.TAGGER, lambda s: tagger(**s)),
                         (rows.IMAGE, lambda s: image(**s)),
                         (rows.LOSSES, lambda s: loss(*s))):
        if row in table:
            return build(table[row])
    raise KeyError(row)


rows.run(ARGUMENTS, "torch", torch.__version__, make_step)
