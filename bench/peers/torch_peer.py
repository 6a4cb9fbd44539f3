"""The workloads in PyTorch: modules, fused Adam, and the same under `torch.compile`, which compiles the model with its loss."""
import torch
from torch import nn
from torch.nn import functional as F


def perceptron(*sizes):
    layers = [layer for pair in zip(sizes, sizes[1:]) for layer in (nn.Linear(*pair), nn.ReLU())]
    return nn.Sequential(*layers[:-1])


def convolutional():
    return nn.Sequential(
        *(nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(64 * 49, 128), nn.ReLU(), nn.Linear(128, 10)),
    )


class Recurrent(nn.Module):
    def __init__(self, features, hidden, classes):
        super().__init__()
        self.lstm = nn.LSTM(features, hidden, batch_first=True)
        self.head = nn.Linear(hidden, classes)

    def forward(self, x):
        outputs, _ = self.lstm(x)
        return self.head(outputs[:, -1])


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(width)
        self.projections = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)

    def attention(self, x):
        # What nn.MultiheadAttention computes, written out: training, that one leaves the fused kernel for its causal mask.
        query, key, value = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in self.projections(x).chunk(3, dim=-1)
        )
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.out(mixed.transpose(1, 2).flatten(2))

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class Gpt(nn.Module):
    def __init__(self, vocabulary, length, width, depth, heads):
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.positions = nn.Embedding(length, width)
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(depth)))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)

    def forward(self, ids):
        x = self.tokens(ids) + self.positions(torch.arange(ids.shape[1], device=ids.device))
        return self.head(self.norm(self.blocks(x))).flatten(0, 1)


def workloads(threads, compiled=False, device="cpu"):
    torch.set_num_threads(threads)
    torch.set_default_device(device)
    # Single precision everywhere: convolutions on NVIDIA's cards are rounded to 10 bits otherwise.
    torch.backends.cudnn.allow_tf32 = False
    wait = torch.cuda.synchronize if device == "cuda" else lambda: None
    compiling = torch.compile if compiled else lambda f: f

    def forward(f, *shape, dtype=torch.float32):
        """A function that writes its result into a tensor that is there already, as Myelin's own does."""
        out = torch.empty(shape, dtype=dtype)
        run = compiling(lambda: f(out))

        def step():
            run()
            wait()

        return torch.no_grad()(step)

    def matmul(n, transpose_left=False, transpose_right=False, dtype=torch.float32):
        a, b = torch.randn(n, n).to(dtype), torch.randn(n, n).to(dtype)
        left, right = a.T if transpose_left else a, b.T if transpose_right else b
        return forward(lambda out: torch.matmul(left, right, out=out), n, n, dtype=dtype)

    def elementwise(n):
        x = torch.randn(n)
        return forward(lambda out: torch.mul(torch.relu(x * 2 + 1), torch.sigmoid(x), out=out), n)

    def softmax(rows, columns):
        x = torch.randn(rows, columns)
        return forward(lambda out: torch.softmax(x, -1, out=out), rows, columns)

    def training(model, x, target, optimizer=torch.optim.Adam, rate=1e-3):
        update = optimizer(model.parameters(), lr=rate, fused=True)
        loss_of = compiling(lambda x, target: F.cross_entropy(model(x), target))

        def step():
            update.zero_grad()
            loss = loss_of(x, target)
            loss.backward()
            update.step()
            return loss.item()

        return step

    def mlp(batch, *sizes):
        return training(perceptron(*sizes), torch.randn(batch, sizes[0]), torch.randint(sizes[-1], (batch,)))

    def cnn(batch):
        # The order of memory in which its convolutions are faster.
        layout = {"memory_format": torch.channels_last}
        x = torch.randn(batch, 1, 28, 28).to(**layout)
        return training(convolutional().to(**layout), x, torch.randint(10, (batch,)))

    def lstm(batch, length):
        return training(Recurrent(32, 128, 10), torch.randn(batch, length, 32), torch.randint(10, (batch,)))

    def gpt(batch, length):
        ids, target = torch.randint(512, (batch, length)), torch.randint(512, (batch * length,))
        return training(Gpt(512, length, 256, 4, 4), ids, target, torch.optim.AdamW, 3e-4)

    def attention(length):
        q, k, v, share = (torch.randn(1, 4, length, 64) for _ in range(4))
        operands = [x.requires_grad_() for x in (q, k, v)]
        attended = compiling(lambda q, k, v: (F.scaled_dot_product_attention(q, k, v, is_causal=True) * share).sum())

        def step():
            torch.autograd.grad(attended(*operands), operands)
            wait()

        return step

    def inference():
        run, x = compiling(perceptron(784, 512, 256, 10)), torch.randn(1, 784)
        return torch.inference_mode()(lambda: run(x).cpu().numpy())

    return {
        "matmul64": lambda: matmul(64),
        "matmul128": lambda: matmul(128),
        "matmul256": lambda: matmul(256),
        "matmul512": lambda: matmul(512),
        "matmul1024": lambda: matmul(1024),
        "matmul2048": lambda: matmul(2048),
        "matmul4096": lambda: matmul(4096),
        "matmul4096-f16": lambda: matmul(4096, dtype=torch.float16),
        "matmul1024-ta": lambda: matmul(1024, transpose_left=True),
        "matmul1024-tb": lambda: matmul(1024, transpose_right=True),
        "elementwise1m": lambda: elementwise(1_000_000),
        "elementwise10m": lambda: elementwise(10_000_000),
        "softmax": lambda: softmax(4096, 1000),
        "mlp64": lambda: mlp(64, 784, 512, 256, 10),
        "mlp32": lambda: mlp(32, 784, 128, 10),
        "cnn32": lambda: cnn(32),
        "gpt": lambda: gpt(8, 128),
        "lstm": lambda: lstm(32, 64),
        "mlp-b1": inference,
        "attention1024": lambda: attention(1024),
    }
