"""Peak of PyTorch's CPU allocator over one training step of the gpt workload, beyond what was held before it.

    python bench/peers/torch_memory.py [batch] [length]

Sums up the allocations and frees that torch.profiler records. Parameters, gradients' absence and Adam's state are as in the
second step of training: state exists, gradients were set to None.
"""

import sys

import torch
from torch import nn
from torch.nn import functional
from torch.profiler import ProfilerActivity, profile


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x, mask):
        seen = self.norm1(x)
        x = x + self.attention(seen, seen, seen, attn_mask=mask, is_causal=True, need_weights=False)[0]
        return x + self.down(functional.gelu(self.up(self.norm2(x))))


class Gpt(nn.Module):
    def __init__(self, vocabulary, length, width, depth, heads):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(vocabulary, width), nn.Embedding(length, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(depth))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, vocabulary, bias=False)

    def forward(self, ids):
        length = ids.shape[1]
        mask = nn.Transformer.generate_square_subsequent_mask(length)
        x = self.tokens(ids) + self.positions(torch.arange(length))
        for block in self.blocks:
            x = block(x, mask)
        return self.head(self.norm(x))


def main():
    batch, length = (int(x) for x in (sys.argv[1:] + ["8", "128"][len(sys.argv) - 1 :]))
    vocabulary = 256
    model = Gpt(vocabulary, length, 256, 4, 4)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    x, y = torch.randint(0, vocabulary, (batch, length)), torch.randint(0, vocabulary, (batch * length,))

    def step():
        optimizer.zero_grad()
        functional.cross_entropy(model(x).reshape(-1, vocabulary), y).backward()
        optimizer.step()

    step()
    optimizer.zero_grad()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
        step()
    held = peak = 0
    for event in recorded.profiler.kineto_results.events():
        if event.name() == "[memory]":
            held += event.nbytes()
            peak = max(peak, held)
    parameters = sum(p.numel() * p.element_size() for p in model.parameters())
    print(f"torch {torch.__version__}: gpt batch {batch} length {length}: peak of a step {peak / 1e6:.1f} MB beyond")
    print(f"{parameters / 1e6:.1f} MB of parameters and twice that of Adam's state; {held / 1e6:.1f} MB left (gradients)")


main()
