"""Records what PyTorch makes of functions of tensors: linear algebra, Fourier transforms, statistics, indexing.

    python tools/goldens/functions.py

needs `torch`. Everything is computed in float64. Inputs and cotangents are not recorded: `spread` makes them here and in
src/nn/golden.testing.ts; inputs take the seeds 101, 102, …, cotangents 201, 202, …. Factors whose signs are arbitrary are
multiplied together again, by the function that stands here and in the test.
"""

import math
from pathlib import Path

import torch
from torch import linalg

from nn import numbers, tensor, write

RESULT = Path(__file__).resolve().parent / "results" / "functions.json"


def case(function, *shapes, gradient=True) -> dict:
    inputs = [tensor(shape, 101 + i).requires_grad_(gradient) for i, shape in enumerate(shapes)]
    outputs = function(*inputs)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    result = {"shapes": [list(shape) for shape in shapes], "outputs": [[list(o.shape), numbers(o.double())] for o in outputs]}
    if gradient:
        total = sum((o * tensor(list(o.shape), 201 + i)).sum() for i, o in enumerate(outputs) if o.is_floating_point())
        found = torch.autograd.grad(total, inputs, allow_unused=True)
        result["gradients"] = [numbers(torch.zeros_like(x) if g is None else g) for g, x in zip(found, inputs)]
    return result


def positive(x: torch.Tensor) -> torch.Tensor:
    """A symmetric positive definite matrix."""
    return x @ x.mT + torch.eye(x.shape[-1], dtype=x.dtype)


def safe(x: torch.Tensor) -> torch.Tensor:
    """A matrix whose diagonal outweighs the rest."""
    return x + 3 * torch.eye(x.shape[-1], dtype=x.dtype)


def exponential_of_symmetric(x):
    w, v = linalg.eigh(x + x.mT)
    return (v * w.exp().unsqueeze(-2)) @ v.mT


def exponential_of_values(x):
    u, s, vh = linalg.svd(x, full_matrices=False)
    return (u * s.exp().unsqueeze(-2)) @ vh


LINALG = {
    "cholesky": lambda: case(lambda x: linalg.cholesky(positive(x)), [2, 3, 3]),
    "cholesky upper": lambda: case(lambda x: linalg.cholesky(positive(x), upper=True), [4, 4]),
    "choleskySolve": lambda: case(lambda x, b: torch.cholesky_solve(b, linalg.cholesky(positive(x))), [3, 3], [3, 2]),
    "solveTriangular": lambda: case(lambda a, b: linalg.solve_triangular(safe(a), b, upper=True), [2, 3, 3], [2, 3, 2]),
    "solveTriangular lower right unit": lambda: case(
        lambda a, b: linalg.solve_triangular(a, b, upper=False, left=False, unitriangular=True), [3, 3], [2, 3]
    ),
    "solve": lambda: case(lambda a, b: linalg.solve(safe(a), b), [2, 3, 3], [2, 3, 2]),
    "solve vector": lambda: case(lambda a, b: linalg.solve(safe(a), b), [4, 4], [4]),
    "solve broadcast": lambda: case(lambda a, b: linalg.solve(safe(a), b), [3, 3], [2, 3, 2]),
    "solve large": lambda: case(lambda a, b: linalg.solve(safe(a), b), [40, 40], [40, 1], gradient=False),
    "inverse": lambda: case(lambda x: linalg.inv(safe(x)), [2, 3, 3]),
    "det": lambda: case(linalg.det, [2, 4, 4]),
    "slogdet": lambda: case(lambda x: tuple(linalg.slogdet(safe(x))), [2, 4, 4]),
    "lu": lambda: case(lambda x: tuple(linalg.lu(x)), [2, 5, 3], gradient=False),
    "lu wide": lambda: case(lambda x: tuple(linalg.lu(x)), [3, 5], gradient=False),
    "qr": lambda: case(lambda x: tuple(linalg.qr(x)), [2, 5, 3]),
    "qr wide": lambda: case(lambda x: tuple(linalg.qr(x)), [3, 5]),
    "qr complete": lambda: case(lambda x: tuple(linalg.qr(x, mode="complete")), [5, 3], gradient=False),
    "qr large": lambda: case(lambda x: linalg.qr(safe(x)).R.diagonal(), [40, 40], gradient=False),
    "eigh": lambda: case(exponential_of_symmetric, [2, 4, 4]),
    "eigvalsh": lambda: case(lambda x: linalg.eigvalsh(x + x.mT), [2, 5, 5]),
    "svd": lambda: case(exponential_of_values, [2, 3, 3]),
    "svd tall": lambda: case(exponential_of_values, [5, 3]),
    "svd wide": lambda: case(exponential_of_values, [2, 3, 5]),
    "svdvals": lambda: case(linalg.svdvals, [2, 5, 3]),
    "pinv": lambda: case(linalg.pinv, [2, 4, 3]),
    "pinv wide": lambda: case(linalg.pinv, [3, 4]),
    "lstsq": lambda: case(lambda a, b: linalg.lstsq(a, b).solution, [5, 3], [5, 2]),
    "lstsq residuals": lambda: case(lambda a, b: linalg.lstsq(a, b, driver="gels").residuals, [5, 3], [5, 2], gradient=False),
    "matrixRank": lambda: case(lambda x: linalg.matrix_rank(torch.cat([x, x], -1)), [2, 4, 2], gradient=False),
    "matrixPower": lambda: case(lambda x: linalg.matrix_power(x, 5), [3, 3]),
    "matrixPower inverse": lambda: case(lambda x: linalg.matrix_power(x, -2), [3, 3]),
    "matrixExp": lambda: case(torch.matrix_exp, [2, 3, 3]),
    "matrixExp large norm": lambda: case(lambda x: torch.matrix_exp(6 * x), [3, 3]),
    "vectorNorm": lambda: case(linalg.vector_norm, [2, 5]),
    "vectorNorm 3": lambda: case(lambda x: linalg.vector_norm(x, 3, -1), [2, 5]),
    "vectorNorm -1": lambda: case(lambda x: linalg.vector_norm(x, -1, -1), [2, 5]),
    "vectorNorm -inf": lambda: case(lambda x: linalg.vector_norm(x, -torch.inf, -1), [2, 5]),
    "vectorNorm 0": lambda: case(lambda x: linalg.vector_norm(x, 0, -1), [2, 5], gradient=False),
    **{
        f"matrixNorm {order}": (lambda order: lambda: case(lambda x: linalg.matrix_norm(x, order), [2, 4, 3]))(order)
        for order in ("fro", "nuc", 1, -1, 2, -2, torch.inf, -torch.inf)
    },
    "matrixNorm axes": lambda: case(lambda x: linalg.matrix_norm(x, 1, (2, 0), keepdim=True), [2, 4, 3]),
    "cond": lambda: case(linalg.cond, [2, 4, 3]),
    "cond 1": lambda: case(lambda x: linalg.matrix_norm(x, 1) * linalg.matrix_norm(linalg.inv(x), 1), [3, 3]),
    "multiDot": lambda: case(lambda a, b, c, d: linalg.multi_dot([a, b, c, d]), [4], [4, 2], [2, 5], [5, 3]),
    "vecdot": lambda: case(lambda a, b: linalg.vecdot(a, b, dim=0), [3, 4], [3, 4]),
    "cross": lambda: case(linalg.cross, [4, 3], [1, 3]),
    "vander": lambda: case(lambda x: linalg.vander(x, N=4), [2, 3]),
}


LABELS = torch.tensor([2, 0, 2, 1, 2])


def whole(x: torch.Tensor) -> torch.Tensor:
    """Small whole numbers, with equal ones among them."""
    return (x * 3).round()


def trapezoid_over(y, x):
    return torch.trapezoid(y, x.sort().values)


FUNCTIONS = {
    "addcmul": lambda: case(lambda x, a, b: torch.addcmul(x, a, b, value=0.5), [2, 3], [3], [2, 1]),
    "addcdiv": lambda: case(lambda x, a, b: torch.addcdiv(x, a, b + 2, value=0.5), [2, 3], [3], [2, 1]),
    "logaddexp": lambda: case(lambda a, b: torch.logaddexp(40 * a, b), [2, 3], [3]),
    "logaddexp2": lambda: case(torch.logaddexp2, [2, 3], [2, 3]),
    "xlogy": lambda: case(lambda x, y: torch.xlogy(x.relu(), y + 2), [2, 3], [2, 3]),
    "exp2": lambda: case(lambda x: torch.exp2(4 * x), [2, 3]),
    "hypot": lambda: case(torch.hypot, [2, 3], [2, 3]),
    "copysign": lambda: case(torch.copysign, [2, 3], [2, 3]),
    "signbit": lambda: case(torch.signbit, [2, 3], gradient=False),
    "frac": lambda: case(lambda x: torch.frac(3 * x), [2, 3], gradient=False),
    "fmod": lambda: case(lambda a, b: torch.fmod(3 * a, b), [2, 3], [2, 3], gradient=False),
    "heaviside": lambda: case(lambda x: torch.heaviside(whole(x), torch.tensor(0.5, dtype=x.dtype)), [2, 3], gradient=False),
    "sinc": lambda: case(lambda x: torch.sinc(2 * x), [2, 3]),
    "logit": lambda: case(lambda x: torch.logit(x.abs(), eps=0.1), [2, 3]),
    "deg2rad": lambda: case(lambda x: torch.deg2rad(100 * x), [2, 3]),
    "rad2deg": lambda: case(torch.rad2deg, [2, 3]),
    "isclose": lambda: case(lambda a, b: torch.isclose(a, a + b * 0.01, rtol=0, atol=5e-3), [2, 3], [2, 3], gradient=False),
    "repeatInterleave": lambda: case(lambda x: torch.repeat_interleave(x, 2, 1), [2, 3]),
    "repeatInterleave each": lambda: case(lambda x: torch.repeat_interleave(x, torch.tensor([2, 0, 1]), 1), [2, 3]),
    "rot90": lambda: case(torch.rot90, [2, 3, 2]),
    "rot90 back": lambda: case(lambda x: torch.rot90(x, -1, (2, 0)), [2, 3, 2]),
    "unfold": lambda: case(lambda x: x.unfold(1, 3, 2), [2, 7, 2]),
    "unflatten": lambda: case(lambda x: x.unflatten(1, (2, -1)), [2, 6]),
    "diagEmbed": lambda: case(torch.diag_embed, [2, 3]),
    "diagEmbed axes": lambda: case(lambda x: torch.diag_embed(x, 1, 0, 2), [2, 3]),
    "diagEmbed below": lambda: case(lambda x: torch.diag_embed(x, -1, 2, 0), [2, 3]),
    "diag": lambda: case(lambda x: torch.diag(x, -1), [3, 3]),
    "trace": lambda: case(torch.trace, [3, 3]),
    "blockDiag": lambda: case(torch.block_diag, [2, 3], [2], [1, 2]),
    "meshgrid": lambda: case(lambda *x: torch.meshgrid(*x, indexing="ij"), [2], [3], [2]),
    "meshgrid xy": lambda: case(lambda *x: torch.meshgrid(*x, indexing="xy"), [2], [3], [2]),
    "cartesianProd": lambda: case(torch.cartesian_prod, [2], [3]),
    "kron": lambda: case(torch.kron, [2, 3], [2, 2, 2]),
    "trilIndices": lambda: case(lambda: torch.tril_indices(3, 4, 1), gradient=False),
    "triuIndices": lambda: case(lambda: torch.triu_indices(3, 4, -1), gradient=False),
    "logspace": lambda: case(lambda: torch.logspace(-1, 2, 5, dtype=torch.float64), gradient=False),
    "tensordot": lambda: case(lambda a, b: torch.tensordot(a, b, dims=2), [2, 3, 4], [3, 4, 2]),
    "tensordot axes": lambda: case(lambda a, b: torch.tensordot(a, b, dims=([0, -1], [1, 0])), [2, 3, 4], [4, 2, 2]),
    "chunk": lambda: case(lambda x: x.chunk(3, 1), [2, 7]),
    "tensorSplit": lambda: case(lambda x: x.tensor_split(3, 1), [2, 7]),
    "tensorSplit at": lambda: case(lambda x: x.tensor_split([1, 5], 1), [2, 7]),
    "hstack": lambda: case(lambda *x: torch.hstack(x), [2, 1], [2, 2]),
    "vstack": lambda: case(lambda *x: torch.vstack(x), [3], [2, 3]),
    "take": lambda: case(lambda x: torch.take(x, LABELS), [2, 3]),
    "indexAdd": lambda: case(lambda x, s: x.index_add(1, LABELS, s, alpha=2), [2, 3], [2, 5]),
    "indexFill": lambda: case(lambda x: x.index_fill(1, LABELS[:2], 7), [2, 3]),
    "maskedScatter": lambda: case(lambda x, s: x.masked_scatter(x > 0, s), [2, 3], [6]),
    "searchsorted": lambda: case(lambda s, v: torch.searchsorted(whole(s).sort().values, whole(v)), [2, 6], [2, 4], gradient=False),
    "bucketize": lambda: case(lambda v: torch.bucketize(whole(v), torch.tensor([-2.0, 0, 1], dtype=v.dtype), right=True), [3, 4], gradient=False),
    "isin": lambda: case(lambda x, t: torch.isin(whole(x), whole(t)), [2, 3], [3], gradient=False),
    "unravelIndex": lambda: case(lambda: torch.unravel_index(LABELS + 3, (2, 4)), gradient=False),
    "histogram": lambda: case(lambda x: tuple(torch.histogram(x, 7)), [30], gradient=False),
    "histogram range": lambda: case(
        lambda x, w: tuple(torch.histogram(x, 4, range=(-0.5, 0.5), weight=w, density=True)), [30], [30], gradient=False
    ),
    "histogram edges": lambda: case(lambda x: torch.histogram(x, torch.tensor([-1.0, 0, 0.25, 1], dtype=x.dtype)).hist, [30], gradient=False),
    "countNonzero": lambda: case(lambda x: torch.count_nonzero(whole(x), 1), [3, 6], gradient=False),
    "aminmax": lambda: case(lambda x: tuple(torch.aminmax(x, dim=1)), [3, 6]),
    "nansum": lambda: case(lambda x: torch.nansum(torch.where(x > 0.5, torch.nan, x), 1), [3, 6]),
    "nanmean": lambda: case(lambda x: torch.nanmean(torch.where(x > 0.5, torch.nan, x), 1), [3, 6]),
    "cov": lambda: case(torch.cov, [3, 6]),
    "cov weighted": lambda: case(
        lambda x, w: torch.cov(x, correction=1, fweights=torch.tensor([1, 2, 1, 3]), aweights=w.detach().abs()), [2, 4], [4]
    ),
    "cov of one": lambda: case(lambda x: torch.cov(x, correction=0), [6]),
    "corrcoef": lambda: case(torch.corrcoef, [3, 6]),
    "diff": lambda: case(lambda x, p: torch.diff(x, n=2, dim=0, prepend=p), [4, 2], [1, 2]),
    "trapezoid": lambda: case(lambda y: torch.trapezoid(y, dx=0.5), [2, 5]),
    "trapezoid over x": lambda: case(trapezoid_over, [2, 5], [5]),
    "cumulativeTrapezoid": lambda: case(lambda y: torch.cumulative_trapezoid(y, dim=0), [4, 2]),
    "dist": lambda: case(lambda a, b: torch.dist(a, b, 3), [2, 3], [2, 3]),
    "pairwiseDistance": lambda: case(torch.pairwise_distance, [2, 3], [2, 3]),
    "cdist": lambda: case(torch.cdist, [2, 3, 4], [2, 5, 4]),
    "cdist 1": lambda: case(lambda a, b: torch.cdist(a, b, p=1.0), [3, 4], [5, 4]),
    "pdist": lambda: case(torch.pdist, [4, 3]),
}


def pairs(function, *given, **named):
    """A function of complex numbers as one of pairs."""
    return lambda x: torch.view_as_real(function(torch.view_as_complex(x), *given, **named))


def frames(x, **named):
    window = torch.hann_window(8, dtype=x.dtype)
    return torch.view_as_real(torch.stft(x, 8, window=window, return_complex=True, **named))


def signal(z, **named):
    window = torch.hann_window(8, dtype=z.dtype)
    return torch.istft(torch.view_as_complex(z.contiguous()), 8, window=window, **named)


FFT = {
    **{f"fft {n}": (lambda n: lambda: case(pairs(torch.fft.fft), [2, n, 2]))(n) for n in (1, 2, 5, 12, 64, 67, 96, 134)},
    "fft large": lambda: case(pairs(torch.fft.fft, norm="forward"), [1000, 2], gradient=False),
    "fft longer": lambda: case(pairs(torch.fft.fft, n=8, dim=0, norm="ortho"), [5, 3, 2]),
    "fft shorter": lambda: case(pairs(torch.fft.fft, n=3, norm="forward"), [2, 5, 2]),
    "ifft": lambda: case(pairs(torch.fft.ifft), [2, 6, 2]),
    "ifft ortho": lambda: case(pairs(torch.fft.ifft, norm="ortho"), [2, 70, 2]),
    **{
        f"rfft {n}": (lambda n: lambda: case(lambda x: torch.view_as_real(torch.fft.rfft(x)), [2, n]))(n)
        for n in (1, 2, 7, 12, 130)
    },
    "rfft axis": lambda: case(lambda x: torch.view_as_real(torch.fft.rfft(x, n=6, dim=0, norm="forward")), [4, 3]),
    "irfft": lambda: case(lambda z: torch.fft.irfft(torch.view_as_complex(z)), [2, 5, 2]),
    "irfft odd": lambda: case(lambda z: torch.fft.irfft(torch.view_as_complex(z), n=7), [2, 4, 2]),
    "irfft axis": lambda: case(lambda z: torch.fft.irfft(torch.view_as_complex(z), dim=0, norm="ortho"), [4, 3, 2]),
    "fft2": lambda: case(pairs(torch.fft.fft2), [2, 3, 4, 2]),
    "ifft2": lambda: case(pairs(torch.fft.ifft2), [2, 3, 4, 2]),
    "rfft2": lambda: case(lambda x: torch.view_as_real(torch.fft.rfft2(x)), [2, 3, 4]),
    "irfft2": lambda: case(lambda z: torch.fft.irfft2(torch.view_as_complex(z)), [2, 3, 4, 2]),
    "fftn": lambda: case(pairs(torch.fft.fftn, s=(2, 5), dim=(0, 2)), [3, 2, 4, 2]),
    "ifftn": lambda: case(pairs(torch.fft.ifftn), [3, 2, 4, 2]),
    "rfftn": lambda: case(lambda x: torch.view_as_real(torch.fft.rfftn(x, norm="ortho")), [3, 2, 4]),
    "irfftn": lambda: case(lambda z: torch.fft.irfftn(torch.view_as_complex(z), dim=(0, 2)), [3, 2, 4, 2]),
    "fftfreq": lambda: case(lambda: (torch.fft.fftfreq(5, 0.1), torch.fft.fftfreq(6)), gradient=False),
    "rfftfreq": lambda: case(lambda: (torch.fft.rfftfreq(5, 0.1), torch.fft.rfftfreq(6)), gradient=False),
    "fftshift": lambda: case(lambda x: (torch.fft.fftshift(x), torch.fft.ifftshift(x, 1)), [3, 5]),
    "stft": lambda: case(frames, [2, 20]),
    "stft whole": lambda: case(
        lambda x: frames(x, hop_length=3, center=False, normalized=True, onesided=False), [20]
    ),
    "istft": lambda: case(signal, [2, 5, 6, 2]),
    "istft length": lambda: case(lambda z: signal(z, length=9, normalized=True), [5, 6, 2]),
    **{
        name: (lambda f: lambda: case(lambda: (f(6, dtype=torch.float64), f(7, periodic=False, dtype=torch.float64)), gradient=False))(f)
        for name, f in {
            "hannWindow": torch.hann_window,
            "hammingWindow": torch.hamming_window,
            "blackmanWindow": torch.blackman_window,
            "bartlettWindow": torch.bartlett_window,
        }.items()
    },
    "complex mul": lambda: case(
        lambda a, b: torch.view_as_real(torch.view_as_complex(a) * torch.view_as_complex(b)), [2, 3, 2], [3, 2]
    ),
    "complex div": lambda: case(
        lambda a, b: torch.view_as_real(torch.view_as_complex(a) / torch.view_as_complex(b)), [2, 3, 2], [3, 2]
    ),
    "complex abs": lambda: case(lambda z: torch.view_as_complex(z).abs(), [2, 3, 2]),
    "complex angle": lambda: case(lambda z: torch.view_as_complex(z).angle(), [2, 3, 2]),
    "complex polar": lambda: case(lambda r, t: torch.view_as_real(torch.polar(r.abs(), t)), [2, 3], [2, 3]),
}


GROUPS = {"linalg": LINALG, "functions": FUNCTIONS, "fft": FFT}


def main() -> None:
    groups = {group: {name: make() for name, make in cases.items()} for group, cases in GROUPS.items()}
    write(RESULT, {"torch": torch.__version__.split("+")[0], **groups})


if __name__ == "__main__":
    main()
