"""Records what PyTorch makes of recurrent layers, attention and transformers on small fixed numbers.

    python tools/goldens/sequences.py

needs `torch`. Numbers come from `spread` in nn.py, as there.
"""

import json
from pathlib import Path

import torch
from nn import numbers, record, tensor
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

GROUPS = {"recurrent": RECURRENT, "attention": ATTENTION}


def main() -> None:
    lines = [f'"torch": {json.dumps(torch.__version__.split("+")[0])}']
    for group, entries in GROUPS.items():
        body = ",\n".join(f"{json.dumps(k)}: {json.dumps(make(), separators=(',', ':'))}" for k, make in entries.items())
        lines.append(f'"{group}": {{\n{body}\n}}')
    RESULT.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{RESULT}: {RESULT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
