"""tailgrad's models as torch.nn modules: the weights go from one to the other as they are.

    import torch_models
    model = torch_models.load("runs/reviews")              # a folder that `tailgrad train` wrote
    torch_models.save(model, "runs/reviews")               # and back, for `tailgrad predict`

Every name and layout in model.safetensors is PyTorch's own: there is no mapping here, only the same parts
under the same names, put together in `forward` as C++ does it. Inputs are those that `tailgrad export --inputs`
writes (docs/onnx.md): ids padded with -1. Texts: transformer, bag. Sentences: all four taggers.
"""
import json
import pathlib
import re

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F


def sinusoidal(longest, width):
    angle = torch.arange(longest)[:, None] * 10000.0 ** (-(torch.arange(width) // 2 * 2).double() / width)
    return torch.where(torch.arange(width) % 2 == 0, angle.sin(), angle.cos()).float()


def encoder(width, o):
    pre = o.get("norm", "pre") == "pre"
    layer = nn.TransformerEncoderLayer(width, int(o["heads"]), int(o["feedforward"]), float(o["dropout"]), "gelu",
                                       batch_first=True, norm_first=pre)
    return nn.TransformerEncoder(layer, int(o["layers"]), nn.LayerNorm(width) if pre else None, enable_nested_tensor=False)


def lookup(table, ids):
    return table(ids.clamp(min=0))


class Classifier(nn.Module):
    """bag and transformer; `padded` says that some ids are -1."""

    def __init__(self, kind, o, encoding, labels):
        super().__init__()
        width, words = int(o["width"]), encoding["vocabulary"]
        pair = bool(encoding["second_column"])
        longest = encoding["max_tokens"] * (2 if pair else 1)
        self.embed = nn.ModuleDict({"table": nn.Embedding(1 + len(words["words"]) + words["buckets"], width)})
        if pair:
            self.embed["kinds"] = nn.Embedding(4, width)
        self.pooling = "mean"
        if kind == "transformer":
            self.encoder = encoder(width, o)
            self.pooling = o["pooling"]
            if o["positions"] == "learned":
                self.positions = nn.Embedding(longest, width)
            else:
                self.register_buffer("waves", sinusoidal(longest, width), persistent=False)
        if self.pooling == "attention":
            self.pool = nn.ModuleDict({"query": nn.Linear(width, 1)})
        self.out = nn.Linear(2 * width if self.pooling == "mean-max" else width, labels)

    def embedded(self, ids, kinds):
        x = lookup(self.embed["table"], ids)
        if ids.dim() == 3:  # several ids a token: their mean
            there = (ids >= 0).unsqueeze(-1)
            x = (x * there).sum(2) / there.sum(2).clamp(min=1)
        return x if kinds is None else x + lookup(self.embed["kinds"], kinds)

    def pooled(self, x, mask):
        there = None if mask is None else ~mask.unsqueeze(-1)
        mean = lambda: x.mean(1) if there is None else (x * there).sum(1) / there.sum(1)
        largest = lambda: (x if there is None else x.masked_fill(~there, -torch.inf)).amax(1)
        if self.pooling == "attention":
            scores = self.pool["query"](x)
            return (x * (scores if there is None else scores.masked_fill(~there, -torch.inf)).softmax(1)).sum(1)
        if self.pooling == "mean-max":
            return torch.cat([mean(), largest()], 1)
        return {"mean": mean, "max": largest, "first": lambda: x[:, 0]}[self.pooling]()

    def forward(self, ids, kinds=None, padded=True):
        x = self.embedded(ids, kinds)
        mask = (ids if ids.dim() == 2 else ids[:, :, 0]) < 0 if padded else None
        if hasattr(self, "encoder"):
            table = self.positions.weight if hasattr(self, "positions") else self.waves
            x = self.encoder(x + table[:x.shape[1]], src_key_padding_mask=mask)
        return self.out(self.pooled(x, mask))


class Characters(nn.Module):
    """A word from its characters between two marks: maxima of filters over windows of three, or an LSTM's last states."""

    def __init__(self, kind, characters, width):
        super().__init__()
        self.table = nn.Embedding(characters, 24)
        if kind == "cnn":
            self.filters = nn.Linear(3 * 24, width)
        else:
            self.lstm = nn.LSTM(24, width // 2, bidirectional=True, batch_first=True)

    def forward(self, ids):
        x = lookup(self.table, ids)
        if hasattr(self, "filters"):
            windows = torch.cat([x[:, :-2], x[:, 1:-1], x[:, 2:]], 2)
            return (F.relu(self.filters(windows)) * (ids[:, 2:, None] >= 0)).amax(1)
        rows = nn.utils.rnn.pack_padded_sequence(x, (ids >= 0).sum(1), batch_first=True, enforce_sorted=False)
        return torch.cat(tuple(self.lstm(rows)[1][0]), 1)


class Tagger(nn.Module):
    """The logits [sentences, tokens, tags] of all taggers. `transitions`, of a CRF, is for decoding."""

    def __init__(self, kind, o, encoding, labels):
        super().__init__()
        o = {k: v if k in ("char", "constrain") else float(v) for k, v in o.items()}
        sizes = {"words": 1 + len(encoding["words"]), "affixes": encoding["affix_buckets"], "shapes": 1 + len(encoding["shapes"])}
        width, dropout = int(o["width"]), o["dropout"]
        self.features = nn.ModuleDict({name: nn.Embedding(size, int(o[name])) for name, size in sizes.items() if o[name] > 0})
        if o["char"] != "none":
            self.features["characters"] = Characters(o["char"], 3 + len(encoding["characters"]), int(o["char_width"]))
        features = sum(int(o[name]) for name in sizes) + (int(o["char_width"]) if o["char"] != "none" else 0)
        if "bilstm" in kind:
            self.lstm = nn.LSTM(features, width, int(o["layers"]), batch_first=True, dropout=dropout if o["layers"] > 1 else 0, bidirectional=True)
        else:
            self.project, self.encoder = nn.Linear(features, width), encoder(width, o)
            self.register_buffer("waves", sinusoidal(encoding["max_tokens"], width), persistent=False)
        self.out = nn.Linear(2 * width if "bilstm" in kind else width, labels)
        if kind.endswith("-crf"):
            self.transitions = nn.Parameter(torch.zeros(labels + 2, labels + 2))

    def forms(self, words=None, shapes=None, affixes=None, characters=None):
        parts = []
        if words is not None:
            parts.append(self.features["words"](words))
        if characters is not None:
            parts.append(self.features["characters"](characters))
        if affixes is not None:
            parts.append((lookup(self.features["affixes"], affixes) * (affixes[..., None] >= 0)).sum(1))
        if shapes is not None:
            parts.append(self.features["shapes"](shapes))
        return torch.cat(parts, 1)

    def forward(self, tokens, padded=True, **forms):
        x = self.forms(**forms)[tokens.clamp(min=0)]
        if hasattr(self, "encoder"):
            x = self.project(x) + self.waves[:x.shape[1]]
            return self.out(self.encoder(x, src_key_padding_mask=tokens < 0 if padded else None))
        if not padded:
            return self.out(self.lstm(x)[0])
        rows = nn.utils.rnn.pack_padded_sequence(x, (tokens >= 0).sum(1), batch_first=True, enforce_sorted=False)
        return self.out(nn.utils.rnn.pad_packed_sequence(self.lstm(rows)[0], batch_first=True, total_length=x.shape[1])[0])


def build(about):
    """The module that model.json describes, with PyTorch's first values."""
    kind, _, rest = about["model"].partition(":")
    options = dict(re.findall(r"([^,=]+)=([^,]*)", rest))
    kinds = {"text": Classifier, "multilabel": Classifier, "pair": Classifier, "tags": Tagger}
    return kinds[about["task"]](kind, options, about["encoding"], len(about["labels"])).eval()


def load(folder):
    folder = pathlib.Path(folder)
    model = build(json.loads((folder / "model.json").read_text()))
    model.load_state_dict(load_file(folder / "model.safetensors"))  # strict: every name and shape must fit
    return model


def save(model, folder):
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, pathlib.Path(folder) / "model.safetensors")
