"""Records what PyTorch makes of recurrent layers, attention and transformers on small fixed numbers.

    python tools/goldens/sequences.py

needs `torch`. Numbers come from `spread` in nn.py, as there.
"""

import math
from pathlib import Path

import torch
from nn import numbers, record, tensor, write
from torch import nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

RESULT = Path(__file__).resolve().parent / "results" / "sequences.json"


def flat(result):
    """Outputs and states as one tuple."""
    outputs, state = result
    return (outputs, *state) if isinstance(state, tuple) else (outputs, state)


def sequence(f, x, *state):
    return flat(f(x, state if len(state) == 2 else state[0] if state else None))


def packed(lengths):
    def call(f, x, *state):
        given = pack_padded_sequence(x, torch.tensor(lengths), batch_first=f.batch_first, enforce_sorted=False)
        outputs, last = f(given, state if len(state) == 2 else state[0] if state else None)
        total = x.shape[1 if f.batch_first else 0]
        return flat((pad_packed_sequence(outputs, batch_first=f.batch_first, total_length=total)[0], last))

    return call


class ConvLSTM(nn.Module):
    """Shi et al. without peepholes, step by step."""

    def __init__(self, inputs, hidden, size, bias=True):
        super().__init__()
        self.weight_ih = nn.Parameter(torch.zeros(4 * hidden, inputs, size, size))
        self.weight_hh = nn.Parameter(torch.zeros(4 * hidden, hidden, size, size))
        self.bias = nn.Parameter(torch.zeros(4 * hidden)) if bias else None

    def forward(self, x, h, c):
        outputs = []
        for frame in x:
            gates = functional.conv2d(frame, self.weight_ih, self.bias, padding="same")
            gates = gates + functional.conv2d(h, self.weight_hh, padding="same")
            i, f, g, o = gates.chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            outputs.append(h)
        return torch.stack(outputs), h, c


RECURRENT = {
    "rnn": lambda: record(nn.RNN(3, 4), [[5, 2, 3]], sequence),
    "rnn relu of two layers": lambda: record(
        nn.RNN(3, 4, num_layers=2, nonlinearity="relu", bias=False), [[5, 2, 3], [2, 2, 4]], sequence
    ),
    "rnn both ways by lengths": lambda: record(
        nn.RNN(3, 4, bidirectional=True, batch_first=True), [[3, 5, 3], [2, 3, 4]], packed([5, 2, 4])
    ),
    "lstm": lambda: record(nn.LSTM(3, 4), [[5, 2, 3]], sequence),
    "lstm both ways": lambda: record(
        nn.LSTM(3, 4, num_layers=2, bidirectional=True), [[5, 2, 3], [4, 2, 4], [4, 2, 4]], sequence
    ),
    "lstm projected": lambda: record(
        nn.LSTM(3, 4, num_layers=2, proj_size=2, bidirectional=True), [[5, 2, 3], [4, 2, 2], [4, 2, 4]], sequence
    ),
    "lstm by lengths": lambda: record(nn.LSTM(3, 4, num_layers=2), [[5, 3, 3]], packed([3, 5, 1])),
    "lstm both ways by lengths": lambda: record(
        nn.LSTM(3, 4, num_layers=2, bidirectional=True, batch_first=True),
        [[3, 5, 3], [4, 3, 4], [4, 3, 4]],
        packed([3, 5, 1]),
    ),
    "gru": lambda: record(nn.GRU(3, 4), [[5, 2, 3]], sequence),
    "gru without bias": lambda: record(nn.GRU(3, 4, bias=False, batch_first=True), [[2, 5, 3], [1, 2, 4]], sequence),
    "gru of two layers both ways": lambda: record(
        nn.GRU(3, 4, num_layers=2, bidirectional=True), [[5, 2, 3], [4, 2, 4]], sequence
    ),
    "gru both ways by lengths": lambda: record(nn.GRU(3, 4, bidirectional=True), [[5, 3, 3]], packed([2, 5, 4])),
    "rnn cell": lambda: record(nn.RNNCell(3, 4), [[2, 3], [2, 4]]),
    "rnn cell relu": lambda: record(nn.RNNCell(3, 4, nonlinearity="relu"), [[2, 3]]),
    "lstm cell": lambda: record(nn.LSTMCell(3, 4), [[2, 3], [2, 4], [2, 4]], lambda f, x, h, c: f(x, (h, c))),
    "lstm cell without bias": lambda: record(nn.LSTMCell(3, 4, bias=False), [[3]]),
    "gru cell": lambda: record(nn.GRUCell(3, 4), [[2, 3], [2, 4]]),
    "gru cell without bias": lambda: record(nn.GRUCell(3, 4, bias=False), [[2, 3]]),
    "lstm of images": lambda: record(ConvLSTM(2, 2, 3), [[3, 2, 2, 4, 3], [2, 2, 4, 3], [2, 2, 4, 3]]),
    "lstm of images, without bias": lambda: record(
        ConvLSTM(1, 2, 1, bias=False), [[3, 1, 1, 2, 2], [1, 2, 2, 2], [1, 2, 2, 2]]
    ),
}



class Scaled(nn.Module):
    """Scaled dot-product attention as a layer without parameters."""

    def __init__(self, mask=None, **named):
        super().__init__()
        self.mask = mask
        self.named = named

    def forward(self, q, k, v):
        return functional.scaled_dot_product_attention(q, k, v, attn_mask=self.mask, **self.named)


#: True where a query may see a key; the second query sees nothing.
SEEN = torch.tensor([[True, False, True], [False, False, False], [True, True, True]])
PADDING = torch.tensor([[False, False, False, True], [False, True, True, True]])


def attended(f, q, k, v, **named):
    return f(q, k, v, **named)


ATTENTION = {
    "scaled by a mask": lambda: record(Scaled(SEEN), [[2, 3, 4], [2, 3, 4], [2, 3, 5]]),
    "scaled by an added mask": lambda: record(
        Scaled(tensor([2, 1, 3, 3], 31), scale=0.7), [[2, 2, 3, 4], [2, 2, 3, 4], [2, 2, 3, 4]]
    ),
    "scaled causal, more keys than queries": lambda: record(
        Scaled(is_causal=True), [[1, 2, 3, 4], [1, 2, 5, 4], [1, 2, 5, 4]]
    ),
    "scaled in groups": lambda: record(
        Scaled(enable_gqa=True), [[2, 6, 3, 4], [2, 2, 5, 4], [2, 2, 5, 4]]
    ),
    "scaled in groups by a mask": lambda: record(
        Scaled(SEEN, enable_gqa=True), [[1, 4, 3, 2], [1, 1, 3, 2], [1, 1, 3, 2]]
    ),
    "heads with other keys and values": lambda: record(
        nn.MultiheadAttention(6, 2, kdim=5, vdim=3, batch_first=True), [[2, 3, 6], [2, 4, 5], [2, 4, 3]], attended
    ),
    "heads with padding, weights": lambda: record(
        nn.MultiheadAttention(6, 3, batch_first=True),
        [[2, 3, 6], [2, 4, 6], [2, 4, 6]],
        lambda f, q, k, v: attended(
            f, q, k, v, key_padding_mask=PADDING, attn_mask=torch.tensor([[True, False, False, False]] * 3).roll(1, 1)
        ),
    ),
    "heads with added padding, weights of each": lambda: record(
        nn.MultiheadAttention(6, 2, bias=False, batch_first=True),
        [[2, 3, 6], [2, 4, 6], [2, 4, 6]],
        lambda f, q, k, v: attended(
            f, q, k, v, key_padding_mask=tensor([2, 4], 32), attn_mask=tensor([3, 4], 33), average_attn_weights=False
        ),
    ),
    "heads, length first": lambda: record(nn.MultiheadAttention(6, 2), [[3, 2, 6], [4, 2, 6], [4, 2, 6]], attended),
    "heads without a batch": lambda: record(nn.MultiheadAttention(6, 2), [[3, 6], [4, 6], [4, 6]], attended),
}



def rotated(x, base=10000.0, interleaved=False, start=0):
    """Rotary positions as in LLaMA (halves) or GPT-J (neighbours)."""
    length, width = x.shape[-2:]
    rates = base ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)
    angles = (torch.arange(length, dtype=torch.float64) + start)[:, None] * rates
    if interleaved:
        cos, sin = (f(angles).repeat_interleave(2, -1) for f in (torch.cos, torch.sin))
        other = torch.stack([-x[..., 1::2], x[..., ::2]], -1).flatten(-2)
    else:
        cos, sin = (torch.cat([f(angles)] * 2, -1) for f in (torch.cos, torch.sin))
        half = width // 2
        other = torch.cat([-x[..., half:], x[..., :half]], -1)
    return x * cos + other * sin


class Rotary(nn.Module):
    def __init__(self, **named):
        super().__init__()
        self.named = named

    def forward(self, x):
        return rotated(x, **self.named)


class Sinusoidal(nn.Module):
    """The table of PyTorch's tutorial."""

    def forward(self, x):
        length, width = x.shape[-2:]
        position = torch.arange(length, dtype=torch.float64).unsqueeze(1)
        rates = torch.exp(torch.arange(0, width, 2, dtype=torch.float64) * (-math.log(10000.0) / width))
        table = torch.zeros(length, width, dtype=torch.float64)
        table[:, 0::2] = torch.sin(position * rates)
        table[:, 1::2] = torch.cos(position * rates)
        return x + table


class RelativeBias(nn.Module):
    """T5's buckets."""

    def __init__(self, heads, queries, keys, buckets=32, distance=128, bidirectional=True):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(buckets, heads))
        relative = torch.arange(keys)[None, :] - torch.arange(queries)[:, None]
        base = torch.zeros_like(relative)
        if bidirectional:
            buckets //= 2
            base = (relative > 0).long() * buckets
            relative = relative.abs()
        else:
            relative = -torch.minimum(relative, torch.zeros_like(relative))
        exact = buckets // 2
        far = exact + (torch.log(relative.double() / exact) / math.log(distance / exact) * (buckets - exact)).long()
        self.place = base + torch.where(relative < exact, relative, far.clamp(max=buckets - 1))

    def forward(self):
        return self.weight[self.place].permute(2, 0, 1)


class CausalSelfAttention(nn.Module):
    """Grouped-query attention with LLaMA's names."""

    def __init__(self, features, heads, groups, rotary, bias=True):
        super().__init__()
        self.heads, self.groups, self.width, self.rotary = heads, groups, features // heads, rotary
        self.q_proj = nn.Linear(features, features, bias=bias)
        self.k_proj = nn.Linear(features, groups * self.width, bias=bias)
        self.v_proj = nn.Linear(features, groups * self.width, bias=bias)
        self.o_proj = nn.Linear(features, features, bias=bias)

    def forward(self, x):
        q, k, v = (
            f(x).unflatten(-1, (n, self.width)).transpose(-2, -3)
            for f, n in ((self.q_proj, self.heads), (self.k_proj, self.groups), (self.v_proj, self.groups))
        )
        if self.rotary:
            q, k = rotated(q), rotated(k)
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        return self.o_proj(mixed.transpose(-2, -3).flatten(-2))


POSITIONS = {
    "rotary": lambda: record(Rotary(), [[2, 3, 5, 8]]),
    "rotary, neighbours, from position 7": lambda: record(Rotary(base=100.0, interleaved=True, start=7), [[2, 5, 6]]),
    "sinusoidal": lambda: record(Sinusoidal(), [[2, 7, 6]]),
    "relative": lambda: record(RelativeBias(2, 3, 200, bidirectional=True), []),
    "relative, of a decoder": lambda: record(RelativeBias(2, 40, 40, 8, 20, bidirectional=False), []),
    "causal": lambda: record(CausalSelfAttention(8, 2, 2, False), [[2, 5, 8]]),
    "causal in groups, rotary": lambda: record(CausalSelfAttention(8, 4, 2, True, bias=False), [[2, 5, 8]]),
}

PLAIN = {"dropout": 0.0, "batch_first": True}
LATER = torch.triu(torch.ones(3, 3, dtype=torch.bool), 1)
PADDED = torch.tensor([[False, False, False, False], [False, False, True, True]])

TRANSFORMER = {
    "encoder layer": lambda: record(nn.TransformerEncoderLayer(6, 2, 5, **PLAIN), [[2, 3, 6]]),
    "encoder layer, norm first, gelu, masked": lambda: record(
        nn.TransformerEncoderLayer(6, 3, 8, activation="gelu", norm_first=True, bias=False, **PLAIN),
        [[2, 4, 6]],
        lambda f, x: f(x, src_key_padding_mask=PADDED),
    ),
    "decoder layer": lambda: record(
        nn.TransformerDecoderLayer(6, 2, 5, **PLAIN), [[2, 3, 6], [2, 4, 6]], lambda f, x, m: f(x, m, tgt_mask=LATER)
    ),
    "decoder layer, norm first, masked, length first": lambda: record(
        nn.TransformerDecoderLayer(6, 2, 5, dropout=0.0, activation="gelu", norm_first=True, layer_norm_eps=1e-3),
        [[3, 2, 6], [4, 2, 6]],
        lambda f, x, m: f(x, m, memory_key_padding_mask=PADDED),
    ),
    "encoder": lambda: record(
        nn.TransformerEncoder(nn.TransformerEncoderLayer(6, 2, 5, **PLAIN), 2, nn.LayerNorm(6)), [[2, 3, 6]]
    ),
    "encoder without norm, causal": lambda: record(
        nn.TransformerEncoder(nn.TransformerEncoderLayer(6, 2, 5, **PLAIN), 2),
        [[2, 3, 6]],
        lambda f, x: f(x, mask=LATER, is_causal=True),
    ),
    "decoder": lambda: record(
        nn.TransformerDecoder(nn.TransformerDecoderLayer(6, 2, 5, **PLAIN), 2, nn.LayerNorm(6)), [[2, 3, 6], [2, 4, 6]]
    ),
    "transformer": lambda: record(
        nn.Transformer(6, 2, 1, 2, 5, **PLAIN), [[2, 4, 6], [2, 3, 6]], lambda f, x, y: f(x, y, tgt_mask=LATER)
    ),
    "transformer with padding": lambda: record(
        nn.Transformer(6, 2, 1, 1, 5, norm_first=True, **PLAIN),
        [[2, 4, 6], [2, 3, 6]],
        lambda f, x, y: f(x, y, src_key_padding_mask=PADDED, memory_key_padding_mask=PADDED),
    ),
}

GROUPS = {"recurrent": RECURRENT, "attention": ATTENTION, "positions": POSITIONS, "transformer": TRANSFORMER}


def main() -> None:
    groups = {group: {name: make() for name, make in cases.items()} for group, cases in GROUPS.items()}
    write(RESULT, {"torch": torch.__version__.split("+")[0], **groups})


if __name__ == "__main__":
    main()
