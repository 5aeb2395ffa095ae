#!/usr/bin/env python3
"""Makes images.safetensors: PyTorch's image layers and a whole small net in double, with gradients.

Run by hand (`python tests/golden/make_images.py`); neither a build nor a test runs it. Names as in make_layers.py.
Images are [items, height, width, channels] in the file, as the library has them; PyTorch works on a permuted view.

    conv-same, conv-stride, conv-odd, conv-one: Conv2d 3x3 padding 1 · 3x3 stride 2 padding 1 on 7 x 5 · 2x3 stride 3
    padding 1, no bias · 1x1 stride 2
    batch-norm, batch-norm-eval: BatchNorm2d, also moments/running_mean and running_var before, after/… afterwards
    max-pool (3, stride 2, padding 1) · average-pool (3, stride 2, padding 1) · global-pool
    resnet, resnet-project: the net of He et al. 2016, section 4.2, depth 8, width 2 (shortcut A and B): mean cross entropy of
    a training pass; after/… all running moments, eval/logits of an evaluation after it
"""
import torch
from make_layers import F64, Writer, leaf, shaken
from torch import nn
from torch.nn import functional as F

SEED = 98
chw = lambda x: x.permute(0, 3, 1, 2)
hwc = lambda x: x.permute(0, 2, 3, 1)


class Block(nn.Module):
    def __init__(self, n, m, stride, project):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(n, m, 3, stride, 1, bias=False), nn.BatchNorm2d(m)
        self.conv2, self.bn2 = nn.Conv2d(m, m, 3, 1, 1, bias=False), nn.BatchNorm2d(m)
        self.stride, self.more = stride, m - n
        if project and n != m:
            self.shortcut = nn.ModuleDict(dict(conv=nn.Conv2d(n, m, 1, stride, bias=False), bn=nn.BatchNorm2d(m)))

    def forward(self, x):
        h = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if hasattr(self, "shortcut"):
            x = self.shortcut.bn(self.shortcut.conv(x))
        elif self.more:
            x = F.pad(x[:, :, ::self.stride, ::self.stride], (0, 0, 0, 0, self.more // 2, self.more - self.more // 2))
        return F.relu(h + x)


class ResNet(nn.Module):
    def __init__(self, channels, width, classes, project):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)
        self.layer1 = nn.ModuleList([Block(width, width, 1, project)])
        self.layer2 = nn.ModuleList([Block(width, 2 * width, 2, project)])
        self.layer3 = nn.ModuleList([Block(2 * width, 4 * width, 2, project)])
        self.linear = nn.Linear(4 * width, classes)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(chw(x))))
        for block in (*self.layer1, *self.layer2, *self.layer3):
            x = block(x)
        return self.linear(x.mean((2, 3)))


def moments(module):
    return {k: v.clone() for k, v in module.named_buffers() if v.dtype == F64}


def main():
    w = Writer()
    for name, m, shape in (("same", nn.Conv2d(3, 5, 3, padding=1), (2, 4, 5, 3)), ("stride", nn.Conv2d(4, 3, 3, 2, 1), (2, 7, 5, 4)),
                           ("odd", nn.Conv2d(6, 7, (2, 3), 3, 1, bias=False), (1, 5, 6, 6)), ("one", nn.Conv2d(17, 2, 1, 2), (1, 3, 3, 17))):
        m, x = shaken(m), leaf(*shape)
        w.add(f"conv-{name}", hwc(m(chw(x))), dict(x=x), m.named_parameters())
    for name in ("batch-norm", "batch-norm-eval"):
        m, x = shaken(nn.BatchNorm2d(3)), leaf(4, 2, 3, 3)
        m.running_mean.normal_()
        m.running_var.uniform_(0.5, 2)
        before = {f"moments/{k}": v for k, v in moments(m).items()}
        m.train(name == "batch-norm")
        y = hwc(m(chw(x)))
        w.add(name, y, dict(x=x), m.named_parameters(), **before, **{f"after/{k}": v for k, v in moments(m).items()})
    x = leaf(2, 5, 6, 3)
    w.add("max-pool", hwc(F.max_pool2d(chw(x), 3, 2, 1)), dict(x=x))
    w.add("average-pool", hwc(F.avg_pool2d(chw(x), 3, 2, 1)), dict(x=x))
    w.add("global-pool", x.mean((1, 2)), dict(x=x))
    for name, project in (("resnet", False), ("resnet-project", True)):
        m, x, labels = shaken(ResNet(3, 2, 4, project)), leaf(5, 8, 7, 3), torch.tensor([0, 3, 1, 1, 2])
        logits = m(x)
        after = {f"after/{k}": v for k, v in moments(m).items()}
        m.eval()
        w.add(name, F.cross_entropy(logits, labels), dict(x=x, labels=labels), m.named_parameters(), upstream=False,
              logits=logits, **after, **{"eval/logits": m(x)})
    w.save("images.safetensors", "make_images.py", SEED)


if __name__ == "__main__":
    torch.manual_seed(SEED)
    main()
