"""Every op of Myelin in PyTorch's words: from a sample and its inputs (float64, int64 or bool) to the output."""

import numpy
import mpmath
import torch
import torch.nn.functional as functional

#: Ops, or single samples of them, that PyTorch has no word for.
UNRECORDED = {
    ("cast", "out of range"): "PyTorch leaves it open",
    ("sign", "NaN"): "0 in PyTorch, NaN in NumPy and here",
    ("abs", "NaN"): "its gradient is the sign",
    ("idiv", "by 0"): "an error in PyTorch, 0 here",
    ("mod", "by 0"): "an error in PyTorch, 0 here",
    ("idiv", "infinite"): "NaN in PyTorch, infinite here",
    ("mod", "infinite"): "its gradient is the quotient",
    ("prod", "limits"): "PyTorch divides the product by each factor, also by NaN",
    ("cumulate", "limits of products"): "PyTorch divides here too",
    ("polygamma", "limits"): "its poles are open",
    ("gather", "of nothing"): "PyTorch refuses it",
    ("scatter", "into nothing"): "PyTorch refuses it",
}




def unary(function):
    return lambda sample, x: function(x)


def binary(function):
    return lambda sample, a, b: function(a, b)


class Polygamma(torch.autograd.Function):
    """PyTorch's own is good to 1e-9 only."""

    @staticmethod
    def forward(context, order, x):
        context.order = order
        context.save_for_backward(x)
        return torch.tensor([float(mpmath.polygamma(order, v)) for v in x.flatten().tolist()], dtype=x.dtype).reshape(x.shape)

    @staticmethod
    def backward(context, grad):
        (x,) = context.saved_tensors
        return None, grad * Polygamma.apply(context.order + 1, x)


def number(value):
    """An attribute that may be spelled, as "Infinity" is."""
    return float(value)


def logical_or_bitwise(logical, bitwise):
    return lambda sample, *x: (logical if x[0].dtype == torch.bool else bitwise)(*x)


# ---------- dtypes


def cast(sample, x):
    to = sample["attributes"]["dtype"]
    if to == "bool":
        return x != 0
    if to == "f64":
        return x.to(torch.float64)
    if to in ("f16", "bf16"):
        return x.to(torch.float32).to(torch.float16 if to == "f16" else torch.bfloat16).to(torch.float64)
    if to == "f32":
        return x.to(torch.float32).to(torch.float64)
    return x.to(torch.int64)


def bitcast(sample, x):
    source, target = sample["inputs"][0]["dtype"], sample["attributes"]["dtype"]
    if source == target:
        return x.clone()
    real = {"f32": torch.float32, "i32": torch.int32, "u32": torch.int32}
    bits = (x.to(torch.float32) if source == "f32" else ((x + 2**31) % 2**32 - 2**31).to(torch.int32)).view(real[target])
    return bits.to(torch.float64 if target == "f32" else torch.int64)


def fill(sample):
    shape, dtype = sample["attributes"]["shape"], sample["attributes"]["dtype"]
    value = number(sample["attributes"]["value"])
    if dtype in ("f16", "bf16", "f32", "f64"):
        return torch.full(shape, value, dtype=torch.float64)
    return torch.full(shape, value != 0) if dtype == "bool" else torch.full(shape, int(value), dtype=torch.int64)


def iota(sample):
    shape, axis = sample["attributes"]["shape"], sample["attributes"]["axis"]
    sizes = [1] * len(shape)
    sizes[axis] = shape[axis]
    positions = torch.arange(shape[axis]).reshape(sizes).expand(shape)
    return positions != 0 if sample["dtype"] == "bool" else positions


# ---------- movement


def slices(sample, x):
    start, size, step = (sample["attributes"][k] for k in ("start", "size", "step"))
    return x[tuple(slice(b, b + (n - 1) * s + 1 if n else b, s) for b, n, s in zip(start, size, step))]


def pad(sample, x):
    widths = [w for pair in reversed(sample["attributes"]["widths"]) for w in pair]
    value = number(sample["attributes"]["value"])
    return functional.pad(x.to(torch.uint8), widths, value=value != 0) != 0 if x.dtype == torch.bool else functional.pad(x, widths, value=value)


def dilate(sample, x):
    step = sample["attributes"]["step"]
    out = torch.zeros(sample["shape"], dtype=x.dtype)
    out[tuple(slice(None, None, s) for s in step)] = x
    return out


def window(sample, x):
    a = sample["attributes"]
    positions = torch.arange(sample["shape"][a["axis"]]).reshape(-1, 1) * a["stride"] + torch.arange(a["size"]) * a["dilation"]
    taken = x.movedim(a["axis"], -1)[..., positions]
    return taken.movedim(-2, a["axis"])


def fold(sample, x):
    a = sample["attributes"]
    windows = x.movedim(a["axis"], -2)
    positions = torch.arange(windows.shape[-2]).reshape(-1, 1) * a["stride"] + torch.arange(a["size"]) * a["dilation"]
    out = torch.zeros([*windows.shape[:-2], a["length"]], dtype=x.dtype)
    return out.index_add(-1, positions.reshape(-1), windows.flatten(-2)).movedim(-1, a["axis"])


# ---------- reductions and products


def rows(sample, x):
    """The reduced axes side by side as the last one."""
    axes = sample["attributes"]["axes"]
    kept = [i for i in range(x.dim()) if i not in axes]
    length = 1
    for axis in axes:
        length *= x.shape[axis]
    return x.permute(kept + axes).reshape([x.shape[i] for i in kept] + [length])


def reduce(function):
    def operation(sample, x):
        bits = x.dtype == torch.bool
        result = function(rows(sample, x.to(torch.int64) if bits else x))
        return result != 0 if bits and sample["dtype"] == "bool" else result

    return operation


def dot(sample, a, b):
    (batch_a, batch_b), (sum_a, sum_b) = sample["attributes"]["batch"], sample["attributes"]["contract"]
    letters = iter("abcdefghijklmnopqrstuvwxyz")
    of_a = [next(letters) for _ in range(a.dim())]
    of_b = [None] * b.dim()
    for i, j in [*zip(batch_a, batch_b), *zip(sum_a, sum_b)]:
        of_b[j] = of_a[i]
    of_b = [letter or next(letters) for letter in of_b]
    batch = [of_a[i] for i in batch_a]
    free = [x for i, x in enumerate(of_a) if i not in batch_a + sum_a] + [x for i, x in enumerate(of_b) if i not in batch_b + sum_b]
    return torch.einsum(f"{''.join(of_a)},{''.join(of_b)}->{''.join(batch + free)}", a, b)


# ---------- attention


def attention_scores(sample, q, k, pairs):
    """Scores, −∞ where a query does not see a key, and what dropout makes of weights."""
    attributes = sample["attributes"]
    *masks, kept = pairs if attributes["dropout"] else [*pairs, None]
    scores = q @ k.transpose(-1, -2) * attributes["scale"]
    if attributes["causal"]:
        queries, keys = (torch.arange(n) for n in scores.shape[-2:])
        if attributes["apart"]:
            keys = keys + torch.arange(scores.shape[-3])[:, None, None] * attributes["apart"]
        masks = [keys <= queries[:, None] + attributes["start"], *masks]
    for mask in masks:
        scores = scores.masked_fill(~mask, -numpy.inf) if mask.dtype == torch.bool else scores + mask
    drop = lambda x: x if kept is None else torch.where(kept, x / (1 - attributes["dropout"]), 0.0)
    return scores, drop


def attention(sample, q, k, v, *pairs):
    scores, drop = attention_scores(sample, q, k, pairs)
    blind = (scores == -numpy.inf).all(-1, keepdim=True)
    return drop(torch.where(blind, 0.0, torch.softmax(torch.where(blind, 0.0, scores), -1))) @ v


def attention_norm(sample, q, k, v, *pairs):
    scores, _ = attention_scores(sample, q, k, pairs)
    blind = (scores == -numpy.inf).all(-1, keepdim=True)
    return torch.where(blind[..., 0], -numpy.inf, torch.logsumexp(torch.where(blind, 0.0, scores), -1))


def attention_gradient(of):
    """`of` takes weights after dropout, gradients of scores, queries, keys and the output's gradient."""

    def operation(sample, q, k, v, grad, norm, dots, *pairs):
        scores, drop = attention_scores(sample, q, k, pairs)
        weights = torch.exp(scores - norm[..., None])
        of_scores = weights * (drop(grad @ v.transpose(-1, -2)) - dots[..., None])
        return of(drop(weights), of_scores * sample["attributes"]["scale"], q, k, grad)

    return operation


# ---------- positions that are data


def gather(sample, x, index):
    axis = sample["attributes"]["axis"]
    size = x.shape[axis]
    taken = torch.gather(x, axis, index.clamp(0, size - 1))
    outside = torch.full_like(taken, float("nan") if x.dtype == torch.float64 else 0)
    return torch.where((index >= 0) & (index < size), taken, outside)


def scatter(sample, x, index, updates):
    """One update of every row after the other, because PyTorch leaves the order open."""
    axis, mode = sample["attributes"]["axis"], sample["attributes"]["mode"]
    size = x.shape[axis]
    for k in range(index.shape[axis]):
        at, update = index.narrow(axis, k, 1), updates.narrow(axis, k, 1)
        inside = (at >= 0) & (at < size)
        at = at.clamp(0, size - 1)
        current = torch.gather(x, axis, at)
        combine = {"set": lambda _, u: u, "add": torch.add, "max": torch.maximum, "min": torch.minimum}[mode]
        x = torch.scatter(x, axis, at, torch.where(inside, combine(current, update), current))
    return x


def fitting(x, start, size, axis):
    return min(max(int(start), 0), x.shape[axis] - size)


def slice_at(sample, x, start):
    axis, size = sample["attributes"]["axis"], sample["attributes"]["size"]
    return x.narrow(axis, fitting(x, start, size, axis), size)


def update_at(sample, x, update, start):
    axis = sample["attributes"]["axis"]
    size = update.shape[axis]
    begin = fitting(x, start, size, axis)
    return torch.cat([x.narrow(axis, 0, begin), update, x.narrow(axis, begin + size, x.shape[axis] - begin - size)], axis)


# ---------- along an axis


def cumulate(sample, x):
    axis, mode = sample["attributes"]["axis"], sample["attributes"]["mode"]
    bits = x.dtype == torch.bool
    x = x.to(torch.int64) if bits else x
    if mode in ("sum", "prod"):
        return {"sum": torch.cumsum, "prod": torch.cumprod}[mode](x, axis)
    result = {"max": torch.cummax, "min": torch.cummin}[mode](x, axis).values
    return result != 0 if bits else result


def recurrence(sample, a, b):
    axis = sample["attributes"]["axis"]
    results = []
    for factor, term in zip(a.unbind(axis), b.unbind(axis)):
        results.append(factor * results[-1] + term if results else term)
    return torch.stack(results, axis) if results else torch.zeros_like(a * b)


def argsort(sample, x):
    """Runs of a length sorted; merging goes on until the axis is one run."""
    axis, run, descending = (sample["attributes"][k] for k in ("axis", "run", "descending"))
    x = x.to(torch.uint8) if x.dtype == torch.bool else x
    run = max(1, x.shape[axis]) if sample["name"] == "mergeRuns" else run
    parts = torch.split(x, run, axis)
    orders = [torch.argsort(part, dim=axis, descending=descending, stable=True) + i * run for i, part in enumerate(parts)]
    return torch.cat(orders, axis)


# ---------- random numbers


def random_bits(sample, key):
    """Threefry-2x32 with 20 rounds, written anew from the paper."""
    shape = sample["attributes"]["shape"]
    mask = numpy.uint64(0xFFFFFFFF)
    keys = [numpy.uint64(int(k)) for k in key]
    keys.append(keys[0] ^ keys[1] ^ numpy.uint64(0x1BD11BDA))
    count = int(numpy.prod(shape, dtype=numpy.int64))
    x = [numpy.zeros(count, numpy.uint64), numpy.arange(count, dtype=numpy.uint64)]
    x = [(x[0] + keys[0]) & mask, (x[1] + keys[1]) & mask]
    for step in range(20):
        turn = numpy.uint64([13, 15, 26, 6, 17, 29, 16, 24][step % 8])
        x[0] = (x[0] + x[1]) & mask
        x[1] = (((x[1] << turn) | (x[1] >> (numpy.uint64(32) - turn))) & mask) ^ x[0]
        if step % 4 == 3:
            group = step // 4 + 1
            x[0] = (x[0] + keys[group % 3]) & mask
            x[1] = (x[1] + keys[(group + 1) % 3] + numpy.uint64(group)) & mask
    return torch.from_numpy((x[0] ^ x[1]).astype(numpy.int64)).reshape(shape)


# ---------- loops


def scan(sample, *inputs):
    if sample["about"] == "running sums":
        init, xs = inputs
        return init + torch.cumsum(xs, 0)
    if sample["about"] == "recurrent":
        state, xs, weights = inputs
        for x in xs:
            state = torch.tanh(state @ weights + x)
        return state
    if sample["about"] == "shared":
        state, factor = inputs
        for _ in range(3):
            state = state * factor + 1
        return state
    a, b, xs, ys = inputs
    products, sums = [], []
    for x, y in zip(xs, ys):
        a, b = a * x + b, b * y - a
        products.append(a * x)
        sums.append(a.sum(0))
    return torch.cat([a, b, torch.stack(products).reshape(-1), torch.stack(sums)])


OPERATIONS = {
    "fill": fill,
    "iota": iota,
    "randomBits": random_bits,
    "neg": unary(torch.neg),
    "exp": unary(torch.exp),
    "log": unary(torch.log),
    "sin": unary(torch.sin),
    "cos": unary(torch.cos),
    "sqrt": unary(torch.sqrt),
    "recip": unary(torch.reciprocal),
    "tanh": unary(torch.tanh),
    "erf": unary(torch.erf),
    "asin": unary(torch.asin),
    "acos": unary(torch.acos),
    "atan": unary(torch.atan),
    "erfinv": unary(torch.erfinv),
    "lgamma": unary(torch.lgamma),
    "polygamma": lambda sample, x: Polygamma.apply(sample["attributes"]["order"], x),
    "abs": unary(torch.abs),
    "floor": unary(torch.floor),
    "round": unary(torch.round),
    "sign": unary(torch.sign),
    "not": logical_or_bitwise(torch.logical_not, torch.bitwise_not),
    "cast": cast,
    "bitcast": bitcast,
    "add": binary(torch.add),
    "sub": binary(torch.sub),
    "mul": binary(torch.mul),
    "div": binary(torch.div),
    "pow": binary(torch.pow),
    "max": binary(torch.maximum),
    "min": binary(torch.minimum),
    "mod": binary(torch.remainder),
    "idiv": binary(lambda a, b: torch.div(a, b, rounding_mode="floor")),
    "lt": binary(torch.lt),
    "le": binary(torch.le),
    "eq": binary(torch.eq),
    "ne": binary(torch.ne),
    "and": binary(torch.bitwise_and),
    "or": binary(torch.bitwise_or),
    "xor": binary(torch.bitwise_xor),
    "shl": binary(torch.bitwise_left_shift),
    "shr": binary(torch.bitwise_right_shift),
    "where": lambda sample, condition, yes, no: torch.where(condition, yes, no),
    "reshape": lambda sample, x: x.reshape(sample["shape"]),
    "permute": lambda sample, x: x.permute(sample["attributes"]["axes"]),
    "expand": lambda sample, x: x.expand(sample["shape"]),
    "slice": slices,
    "pad": pad,
    "dilate": dilate,
    "flip": lambda sample, x: torch.flip(x, sample["attributes"]["axes"]),
    "concat": lambda sample, *x: torch.cat(x, sample["attributes"]["axis"]),
    "window": window,
    "fold": fold,
    "contiguous": unary(torch.clone),
    "sum": reduce(lambda x: x.sum(-1)),
    "prod": reduce(lambda x: x.prod(-1)),
    "maxReduce": reduce(lambda x: x.max(-1).values),
    "minReduce": reduce(lambda x: x.min(-1).values),
    "argmax": reduce(lambda x: x.argmax(-1)),
    "argmin": reduce(lambda x: x.argmin(-1)),
    "dot": dot,
    "attention": attention,
    "attentionNorm": attention_norm,
    "attentionQueryGradient": attention_gradient(lambda weights, of_scores, q, k, grad: of_scores @ k),
    "attentionKeyGradient": attention_gradient(lambda weights, of_scores, q, k, grad: of_scores.transpose(-1, -2) @ q),
    "attentionValueGradient": attention_gradient(lambda weights, of_scores, q, k, grad: weights.transpose(-1, -2) @ grad),
    "gather": gather,
    "scatter": scatter,
    "sliceAt": slice_at,
    "updateAt": update_at,
    "cumulate": cumulate,
    "recurrence": recurrence,
    "countRuns": argsort,
    "mergeRuns": argsort,
    "custom": unary(torch.square),
    "detach": unary(torch.detach),
    "after": lambda sample, x, signal: x.clone(),
    "scan": scan,
    "scanOutput": scan,
}
