"""The networks of model/reference.go as PyTorch builds them. model/parity_test.go holds the two against each other.

A divisor above 1 makes so many times fewer channels, as there.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F


def conv(i, o, k=3, stride=1):
    return nn.Conv2d(i, o, k, stride, k // 2)


def up(i, o, k=3):
    return nn.ConvTranspose2d(i, o, k, 2, k // 2, 1)


class Classroom(nn.Module):
    """(a): two convolutions down, a dense bottleneck, and the way back."""

    def __init__(self, divisor=1):
        super().__init__()
        narrow, self.wide = 16 // divisor, 32 // divisor
        flat, hidden = 49 * self.wide, min(32, self.wide)
        self.down = nn.Sequential(conv(1, narrow, stride=2), nn.ReLU(), conv(narrow, self.wide, stride=2), nn.ReLU())
        self.dense = nn.Sequential(nn.Linear(flat, hidden), nn.Linear(hidden, flat), nn.ReLU())
        self.up = nn.Sequential(up(self.wide, narrow), nn.ReLU(), up(narrow, 1), nn.Sigmoid())

    def forward(self, x):
        return self.up(self.dense(self.down(x).flatten(1)).view(-1, self.wide, 7, 7))


class Denoiser(nn.Module):
    """(b): down twice and up again, adding what was seen on the way."""

    def __init__(self, divisor=1):
        super().__init__()
        c = 32 // divisor
        self.e0, self.e1, self.e2, self.e3 = conv(3, c), conv(c, 2 * c, stride=2), conv(2 * c, 2 * c), conv(2 * c, 4 * c, stride=2)
        self.m1, self.m2 = conv(4 * c, 4 * c), conv(4 * c, 4 * c)
        self.u1, self.d1, self.u2, self.d2 = up(4 * c, 2 * c), conv(2 * c, 2 * c), up(2 * c, c), conv(c, 3)

    def forward(self, x):
        a = F.relu(self.e0(x))
        b = F.relu(self.e2(F.relu(self.e1(a))))
        m = F.relu(self.m2(F.relu(self.m1(F.relu(self.e3(b))))))
        m = F.relu(self.d1(F.relu(self.u1(m)) + b))
        return self.d2(F.relu(self.u2(m)) + a)


class GDN(nn.Module):
    """x divided by √(Σ gamma·x² + beta) over the channels, and with inverse multiplied with it."""

    def __init__(self, c, inverse=False):
        super().__init__()
        self.inverse = inverse
        self.gamma = nn.Parameter(0.1 * torch.eye(c)[:, :, None, None])
        self.beta = nn.Parameter(torch.ones(c))

    def forward(self, x):
        norm = F.conv2d(x * x, self.gamma, self.beta)
        return x * (torch.sqrt(norm) if self.inverse else torch.rsqrt(norm))


class Compressor(nn.Sequential):
    """(c): the compressor of Ballé et al., arXiv:1611.01704."""

    def __init__(self, divisor=1):
        n = 64 // divisor
        super().__init__(
            conv(3, n, 5, 2), GDN(n), conv(n, n, 5, 2), GDN(n), conv(n, n, 5, 2), GDN(n), conv(n, n, 5, 2),
            up(n, n, 5), GDN(n, True), up(n, n, 5), GDN(n, True), up(n, n, 5), GDN(n, True), up(n, 3, 5))


NETWORKS = {"a": Classroom, "b": Denoiser, "c": Compressor}
