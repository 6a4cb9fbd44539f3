"""Records what PyTorch Geometric makes of graph layers, and PyTorch of sparse matrices, on small fixed numbers.

    python tools/goldens/graphs.py

needs `torch` and `torch-geometric`. Numbers come from `spread` in nn.py, as there.
"""

from pathlib import Path

import torch
import torch_geometric
from nn import numbers, record, tensor, write
from torch import nn
from torch_geometric.nn import GATConv, GCNConv, GINConv, SAGEConv

RESULT = Path(__file__).resolve().parent / "results" / "graphs.json"

#: Five nodes; node 2 has an edge to itself, node 4 receives nothing, one edge comes twice.
EDGES = torch.tensor([[0, 1, 2, 2, 4, 3, 0, 0], [1, 2, 0, 2, 3, 1, 3, 3]])
TRIANGLE = torch.tensor([[0, 1, 1, 2, 2, 0], [1, 0, 2, 1, 0, 2]])


def on(edges, weight=None):
    if weight is None:
        return lambda f, x: f(x, edges)
    return lambda f, x, *w: f(x, edges, *w)


def mlp():
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))


LAYERS = {
    "gcn": lambda: record(GCNConv(3, 2), [[5, 3]], on(EDGES)),
    "gcn weighted, improved": lambda: record(
        GCNConv(3, 2, improved=True, bias=False), [[5, 3]], lambda f, x: f(x, EDGES, tensor([8], 7).abs())
    ),
    "gcn without loops": lambda: record(GCNConv(3, 2, add_self_loops=False), [[5, 3]], on(EDGES)),
    "gcn as it is": lambda: record(GCNConv(3, 2, normalize=False), [[5, 3]], on(EDGES)),
    "gcn of a triangle": lambda: record(GCNConv(3, 4), [[3, 3]], on(TRIANGLE)),
    "sage": lambda: record(SAGEConv(3, 2), [[5, 3]], on(EDGES)),
    "sage max, scaled": lambda: record(SAGEConv(3, 2, aggr="max", normalize=True, bias=False), [[5, 3]], on(EDGES)),
    "sage sum without root": lambda: record(SAGEConv(3, 2, aggr="sum", root_weight=False), [[5, 3]], on(EDGES)),
    "sage of a triangle": lambda: record(SAGEConv(3, 2), [[3, 3]], on(TRIANGLE)),
    "gat": lambda: record(GATConv(3, 2), [[5, 3]], on(EDGES)),
    "gat of three heads": lambda: record(GATConv(3, 2, heads=3), [[5, 3]], on(EDGES)),
    "gat averaged, without loops": lambda: record(
        GATConv(3, 2, heads=2, concat=False, negative_slope=0.1, add_self_loops=False, bias=False), [[5, 3]], on(EDGES)
    ),
    "gat of a triangle": lambda: record(GATConv(3, 2, heads=2), [[3, 3]], on(TRIANGLE)),
    "gin": lambda: record(GINConv(mlp()), [[5, 3]], on(EDGES)),
    "gin trained": lambda: record(GINConv(mlp(), eps=0.5, train_eps=True), [[5, 3]], on(EDGES)),
    "gin of a triangle": lambda: record(GINConv(mlp(), eps=0.25), [[3, 3]], on(TRIANGLE)),
}

ROWS = [2, 0, 2, 1, 0, 2]
COLUMNS = [3, 1, 0, 2, 1, 0]


def sparse(layout) -> dict:
    """The product with a dense matrix, its gradients, and the dense form."""
    values = tensor([6], 1).requires_grad_()
    dense = tensor([4, 2], 2).requires_grad_()
    coo = torch.sparse_coo_tensor(torch.tensor([ROWS, COLUMNS]), values, (3, 4)).coalesce()
    matrix = coo if layout == torch.sparse_coo else coo.to_sparse(layout=layout)
    product = matrix @ dense
    (coo.to_dense() @ dense * tensor([3, 2], 3)).sum().backward()
    result = {
        "product": numbers(product),
        "dense": numbers(matrix.to_dense()),
        "valueGradient": numbers(values.grad),
        "denseGradient": numbers(dense.grad),
        "values": numbers(matrix.values()),
    }
    if layout == torch.sparse_csr:
        return result | {"pointers": matrix.crow_indices().tolist(), "indices": matrix.col_indices().tolist()}
    if layout == torch.sparse_csc:
        return result | {"pointers": matrix.ccol_indices().tolist(), "indices": matrix.row_indices().tolist()}
    return result | {"indices": matrix.indices().reshape(-1).tolist()}


def main() -> None:
    results = {
        "torch": torch.__version__.split("+")[0],
        "geometric": torch_geometric.__version__,
        "layers": {name: make() for name, make in LAYERS.items()},
        "sparse": {
            "coo": sparse(torch.sparse_coo),
            "csr": sparse(torch.sparse_csr),
            "csc": sparse(torch.sparse_csc),
        },
    }
    write(RESULT, results)


if __name__ == "__main__":
    main()
