#!/usr/bin/env python3
"""Makes torch_weights.safetensors, the state dict of a PyTorch model as people save it, and torch_outputs.safetensors,
what it answers. In float32; run by hand (`python tests/golden/make_torch_weights.py`).

    ids [5] (sequences of 3 and 2) · output [5, 4]
The model: embed (Embedding 11 x 8) -> norm (LayerNorm) -> encoder (two TransformerEncoderLayers, 2 heads, gelu, pre-norm, last
norm) -> attention (MultiheadAttention, 4 heads) -> lstm (two layers, both directions, 6) -> out (Linear 12 -> 4)
"""
import pathlib

import torch
from safetensors.torch import save_file
from torch import nn

HERE = pathlib.Path(__file__).parent


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(11, 8)
        self.norm = nn.LayerNorm(8)
        layer = nn.TransformerEncoderLayer(8, 2, 12, 0.0, "gelu", batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, nn.LayerNorm(8), enable_nested_tensor=False)
        self.attention = nn.MultiheadAttention(8, 4, batch_first=True)
        self.lstm = nn.LSTM(8, 6, 2, batch_first=True, bidirectional=True)
        self.out = nn.Linear(12, 4)

    def forward(self, ids):
        x = self.encoder(self.norm(self.embed(ids)))
        return self.out(self.lstm(self.attention(x, x, x, need_weights=False)[0])[0])


torch.manual_seed(8)
model = Model().eval()
with torch.no_grad():
    for p in model.parameters():  # so that no bias or gain hides at 0 or 1
        p.add_(torch.randn_like(p) * 0.2)
    first, second = torch.tensor([3, 10, 0]), torch.tensor([7, 3])
    output = torch.cat([model(first[None])[0], model(second[None])[0]])
save_file(model.state_dict(), HERE / "torch_weights.safetensors")
save_file({"ids": torch.cat([first, second]), "output": output}, HERE / "torch_outputs.safetensors",
          dict(maker="tests/golden/make_torch_weights.py", seed="8", torch=torch.__version__))
