#!/usr/bin/python3
"""Writes reference_a.safetensors, _b and _c: how PyTorch trains small versions of the networks that speed is
measured with. Needs Debian's python3-torch; the tests only read the numbers.

Usage: reference.py     (from anywhere)

Each file holds a batch of pictures x (N, H, W, C), and for parameter i, in the order of both sides, its value at
first w.i, the gradient of the mean squared error grad.i, and its value after ten steps of Adam after.i; the result
out of the first pass; and the loss before each step and after the last. Layouts are ours. The metadata say how far
PyTorch's own float32 is from its float64 in the same run: relative to the largest number of a tensor, after.i in
learning rates.
"""
import copy
import json
import os
import struct
import sys

import numpy as np
import torch
import torch.nn.functional as F

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "..", "..", "tools", "bench"))
from networks import NETWORKS, GDN

RATE, STEPS = 1e-3, 10
SHAPES = {"a": (4, 1, 28, 28), "b": (2, 3, 16, 16), "c": (2, 3, 32, 32)}  # of NewReference with the divisor
DIVISOR = 4


def ours(p):
    """A parameter as Sieve lays it out: convolutions (K, K, Cin, Cout), transposed ones (K, K, Cout, Cin), dense
    layers (1, 1, in, out), with maps of 7×7 row by row and channels last."""
    if p.dim() == 4:
        return p.permute(2, 3, 1, 0)
    for axis, n in enumerate(p.shape):
        if n % 49 == 0:
            p = p.unflatten(axis, (n // 49, 7, 7)).movedim(axis, axis + 2).flatten(axis, axis + 2)
    return p.t()[None, None] if p.dim() == 2 else p


def trained(net, x):
    """What the file is to hold, by name."""
    params = list(net.parameters())
    now = lambda name, tensors: {f"{name}.{i}": ours(t.detach().clone()) for i, t in enumerate(tensors)}
    held = now("w", params) | {"x": x.permute(0, 2, 3, 1), "out": net(x).detach().permute(0, 2, 3, 1)}
    adam, losses = torch.optim.Adam(params, lr=RATE), []
    for step in range(STEPS + 1):
        adam.zero_grad(set_to_none=True)
        loss = F.mse_loss(net(x), x)
        losses.append(loss.item())
        if step == STEPS:
            break
        loss.backward()
        if step == 0:
            held |= now("grad", (p.grad for p in params))
        adam.step()
    return held | now("after", params) | {"loss": torch.tensor(losses, dtype=x.dtype)}


def apart(single, double):
    """How far the first is from the second, the worst of each kind of tensor."""
    worst = {}
    for name, want in double.items():
        kind = name.partition(".")[0]
        scale = RATE if kind == "after" else want.abs().max().item()
        off = (single[name].double() - want).abs().max().item()
        worst[kind] = max(worst.get(kind, 0), off / scale)
    return {kind: f"{worst[kind]:.1e}" for kind in ("out", "grad", "loss", "after")}


def write(path, tensors, metadata):
    """Writes safetensors: the length of a header, the header, the numbers."""
    header, body = {"__metadata__": metadata}, b""
    for name, t in tensors.items():
        data = t.contiguous().numpy().astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(t.shape), "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + body)


torch.set_num_threads(1)
for key, network in NETWORKS.items():
    torch.manual_seed(1)
    net, x = network(DIVISOR), torch.rand(SHAPES[key])
    with torch.no_grad():  # a norm of its own for each channel, so that no two may change places
        for layer in net.modules():
            if isinstance(layer, GDN):
                layer.gamma += 0.02 * torch.rand_like(layer.gamma)
                layer.beta += 0.2 * torch.rand_like(layer.beta)
    single, double = trained(copy.deepcopy(net), x), trained(copy.deepcopy(net).double(), x.double())
    off = apart(single, double)
    print(key, off, "loss", single["loss"][0].item(), "to", single["loss"][-1].item())
    write(os.path.join(here, f"reference_{key}.safetensors"), single, {"torch": torch.__version__, **off})
