#!/usr/bin/python3
"""reference.py [--threads N] [--only a,b,c] [--seconds S] [--bf16]: measures how fast PyTorch trains and infers the networks.

Prints what `sieve bench speed --json` does, about PyTorch. A step of training is a pass forwards and backwards and one
of Adam; with --bf16, the passes are under autocast. GFLOPS count what the definition of a network needs, at the median.
"""
import argparse
import json
import os
import resource
import statistics
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

from networks import GDN, NETWORKS

BATCHES = {"a": (64, 1, 28, 28), "b": (16, 3, 64, 64), "c": (4, 3, 256, 256)}
PICTURE = (1, 3, 512, 768)


def flops(net, shape):
    """Multiplications and additions forwards for one picture: of all layers, and of the first."""
    counts, hooks = [], []

    def count(layer, given, y):
        x, k = given[0], getattr(layer, "kernel_size", (1, 1))
        if isinstance(layer, nn.Linear):
            counts.append(2 * x[0].numel() * y[0].numel())
        elif isinstance(layer, nn.ConvTranspose2d):
            counts.append(2 * k[0] * k[1] * x[0].numel() * y.shape[1])
        else:  # a convolution, or the norm of GDN
            counts.append(2 * k[0] * k[1] * x.shape[1] * y[0].numel())

    for layer in net.modules():
        if isinstance(layer, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d, GDN)):
            hooks.append(layer.register_forward_hook(count))
    with torch.inference_mode():
        net(torch.zeros(1, *shape[1:]))
    for hook in hooks:
        hook.remove()
    return sum(counts), counts[0]


def rate(run, pictures, flops, seconds):
    """Runs for so many seconds, at least five times, after two rounds that do not count."""
    run(), run()
    took, end = [], time.perf_counter() + seconds
    while len(took) < 5 or time.perf_counter() < end:
        begun = time.perf_counter()
        run()
        took.append(time.perf_counter() - begun)
    median = pictures / statistics.median(took)
    return {"batch": pictures, "images_per_s_best": pictures / min(took), "images_per_s_median": median,
            "gflops": median * flops / 1e9}


def autocast():
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=asked.bf16)


def trains(net, shape, seconds):
    x, adam = torch.rand(shape), torch.optim.Adam(net.parameters(), lr=1e-4)

    def step():
        adam.zero_grad(set_to_none=True)
        with autocast():
            made = net(x)
        F.mse_loss(made.float(), x).backward()
        adam.step()

    every, first = flops(net, shape)
    return rate(step, shape[0], 3 * every - first, seconds)


def infers(net, shape, seconds):
    x = torch.rand(shape)

    @torch.inference_mode()
    def step():
        with autocast():
            net(x)

    return rate(step, shape[0], flops(net, shape)[0], seconds)


def measured(name, seconds):
    net = NETWORKS[name]()
    out = {"train": trains(net, BATCHES[name], seconds), "infer": infers(net, BATCHES[name], seconds)}
    if name == "b":
        out["infer_768x512"] = infers(net, PICTURE, seconds)
    return out


def names(text):
    chosen = text.split(",")
    if not set(chosen) <= set(NETWORKS):
        raise argparse.ArgumentTypeError(f"networks are {', '.join(NETWORKS)}")
    return chosen


asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
asked.add_argument("--threads", type=int, default=os.cpu_count())
asked.add_argument("--only", type=names, default=list(NETWORKS))
asked.add_argument("--seconds", type=float, default=4, help="that a measurement takes")
asked.add_argument("--bf16", action="store_true", help="passes under autocast to bfloat16")
asked = asked.parse_args()
torch.set_num_threads(asked.threads)
torch.manual_seed(1)
networks = {name: measured(name, asked.seconds) for name in asked.only}
unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
print(json.dumps({"torch": torch.__version__, "threads": torch.get_num_threads(), "networks": networks,
                  "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit}))
