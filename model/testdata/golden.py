#!/usr/bin/python3
"""Writes golden.json: losses of ten steps, and the weights after them, of three small networks as
PyTorch trains them. Needs Debian's python3-torch; the tests only read the numbers.

Usage: golden.py > golden.json     (from this folder)

Weights and pictures come from the formula in `number`, on both sides. Layouts differ: a convolution's
weights are (K, K, Cin, Cout) here and (Cout, Cin, K, K) there, a transposed one's (K, K, Cout, Cin) here
and (Cin, Cout, K, K) there: the same permutation.
"""
import json
import math

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)


def number(n, salt):
    """n numbers in [0, 1) that look random."""
    i = np.arange(n, dtype=np.uint64)
    return (((i * np.uint64(2654435761) + np.uint64(salt * 40503 + 977)) % np.uint64(4294967296)) >> np.uint64(16)).astype(np.float64) / 65536


class Residual(nn.Module):
    def __init__(s, c, act):
        super().__init__()
        s.a, s.act, s.b = nn.Conv2d(c, c, 3, 1, 1), act, nn.Conv2d(c, c, 3, 1, 1)

    def forward(s, x):
        return x + s.b(s.act(s.a(x)))


def conv(i, o, stride=1):
    return nn.Conv2d(i, o, 3, stride, 1)


def up(i, o):
    return nn.ConvTranspose2d(i, o, 3, 2, 1, 1)


class Nearest(nn.Module):
    def forward(s, x):
        return F.interpolate(x, scale_factor=2, mode="nearest")


def cases():
    relu, silu, tanh = nn.ReLU(), nn.SiLU(), nn.Tanh()
    yield "mse adam", nn.Sequential(
        conv(3, 8, 2), relu, conv(8, 16, 2), relu, conv(16, 4), conv(4, 16), relu, up(16, 8), relu, up(8, 3)
    ), F.mse_loss, lambda p: torch.optim.Adam(p, lr=1e-2), 0
    yield "bce adamw clip", nn.Sequential(
        conv(3, 8, 2), silu, conv(8, 4), conv(4, 8), silu, Nearest(), conv(8, 3)
    ), F.binary_cross_entropy_with_logits, lambda p: torch.optim.AdamW(p, lr=1e-2, weight_decay=0.1), 0.05
    yield "l1 sgd blocks", nn.Sequential(
        conv(3, 8, 2), tanh, Residual(8, tanh), conv(8, 4), conv(4, 8), tanh, Residual(8, tanh), up(8, 3)
    ), F.l1_loss, lambda p: torch.optim.SGD(p, lr=1e-2, momentum=0.9), 0


out = {}
x = torch.tensor(number(4 * 16 * 16 * 3, 1), dtype=torch.float32).view(4, 16, 16, 3).permute(0, 3, 1, 2)
for name, net, loss, optimiser, clip in cases():
    with torch.no_grad():
        for k, p in enumerate(net.parameters()):
            if p.dim() == 4:
                cout, cin, kh, kw = p.shape
                fan = cin * kh * kw
                w = (2 * number(p.numel(), k + 2) - 1) * math.sqrt(3 / fan)
                p.copy_(torch.tensor(w, dtype=torch.float32).view(kh, kw, cin, cout).permute(3, 2, 0, 1))
            else:
                p.copy_(torch.tensor(number(p.numel(), k + 2) * 0.1, dtype=torch.float32))
    opt, losses = optimiser(net.parameters()), []
    for _ in range(10):
        opt.zero_grad()
        l = loss(net(x), x)
        l.backward()
        if clip:
            nn.utils.clip_grad_norm_(net.parameters(), clip)
        opt.step()
        losses.append(l.item())
    weights = []
    for p in net.parameters():
        q = p.detach()
        q = q.permute(2, 3, 1, 0) if q.dim() == 4 else q
        weights.append([float(v) for v in q.contiguous().view(-1)[:: max(1, q.numel() // 8)]])
    out[name] = {"losses": losses, "weights": weights}
print(json.dumps(out, indent=1))
