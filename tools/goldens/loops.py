"""Records the training loops of the notes, with fixed first weights and without dropout: what they print, and the loss of every step.

    python tools/goldens/loops.py

needs `torch` and `tensorflow`. Numbers are those of `spread` in nn.py; examples/loops.test.ts reads them beside examples/pytorchLoop.ts
and examples/gradientTape.ts, which are the same scripts line by line.
"""

import contextlib
import io
import json
import os
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import CosineAnnealingLR
from torch.utils.data import DataLoader, TensorDataset

from nn import tensor

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
RESULT = Path(__file__).resolve().parent / "results" / "loops.json"
FEATURES, CLASSES = 16, 4


def examples(count: int, seed: int, dtype=torch.float32) -> tuple:
    """Points, and which of four fixed directions they lie in."""
    x = tensor([count, FEATURES], seed)
    return x.to(dtype), (x @ tensor([FEATURES, CLASSES], 3)).argmax(1)


def rounded(values: list) -> list:
    return [float(f"{value:.8g}") for value in values]


class AdvancedNN(nn.Module):
    def __init__(self, input_size, hidden_sizes, output_size, dropout=0.3):
        super().__init__()
        layers = []
        prev_size = input_size
        for hidden_size in hidden_sizes:
            layers.extend([nn.Linear(prev_size, hidden_size), nn.BatchNorm1d(hidden_size), nn.ReLU(), nn.Dropout(dropout)])
            prev_size = hidden_size
        layers.append(nn.Linear(prev_size, output_size))
        self.network = nn.Sequential(*layers)

    def forward(self, x):
        return self.network(x)


losses = []


def train_epoch(model, loader, criterion, optimizer):
    model.train()
    total_loss = 0
    correct = 0
    total = 0
    for batch_x, batch_y in loader:
        outputs = model(batch_x)
        loss = criterion(outputs, batch_y)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
        optimizer.step()
        losses.append(loss.item())
        total_loss += loss.item()
        _, predicted = outputs.max(1)
        total += batch_y.size(0)
        correct += predicted.eq(batch_y).sum().item()
    return total_loss / len(loader), 100.0 * correct / total


def validate(model, loader, criterion):
    model.eval()
    total_loss = 0
    correct = 0
    total = 0
    with torch.no_grad():
        for batch_x, batch_y in loader:
            outputs = model(batch_x)
            loss = criterion(outputs, batch_y)
            total_loss += loss.item()
            _, predicted = outputs.max(1)
            total += batch_y.size(0)
            correct += predicted.eq(batch_y).sum().item()
    return total_loss / len(loader), 100.0 * correct / total


def train_model(model, train_loader, val_loader, epochs=50, patience=10):
    criterion = nn.CrossEntropyLoss()
    optimizer = AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
    scheduler = CosineAnnealingLR(optimizer, T_max=epochs)
    best_val_acc = 0
    best = None
    patience_counter = 0
    for epoch in range(epochs):
        train_loss, train_acc = train_epoch(model, train_loader, criterion, optimizer)
        val_loss, val_acc = validate(model, val_loader, criterion)
        scheduler.step()
        print(f"Epoch {epoch+1}/{epochs}:")
        print(f"  Train Loss: {train_loss:.4f}, Train Acc: {train_acc:.2f}%")
        print(f"  Val Loss: {val_loss:.4f}, Val Acc: {val_acc:.2f}%")
        if val_acc > best_val_acc:
            best_val_acc = val_acc
            patience_counter = 0
            best = {name: value.clone() for name, value in model.state_dict().items()}
        else:
            patience_counter += 1
            if patience_counter >= patience:
                print(f"Early stopping at epoch {epoch+1}")
                break
    model.load_state_dict(best)
    return model


def inference(model, input_data):
    model.eval()
    with torch.no_grad():
        output = model(input_data)
        probabilities = torch.softmax(output, dim=-1)
        predicted_class = output.argmax(dim=-1)
    return predicted_class.numpy(), probabilities.numpy()


def pytorch(epochs: int, patience: int, dtype) -> dict:
    losses.clear()
    model = AdvancedNN(FEATURES, [32, 16], CLASSES, dropout=0.0).to(dtype)
    with torch.no_grad():
        for i, layer in enumerate(layer for layer in model.network if isinstance(layer, nn.Linear)):
            layer.weight.copy_(0.3 * tensor(list(layer.weight.shape), 10 + i))
            layer.bias.copy_(0.3 * tensor(list(layer.bias.shape), 20 + i))
    train = DataLoader(TensorDataset(*examples(320, 1, dtype)), batch_size=32)
    val = DataLoader(TensorDataset(*examples(100, 2, dtype)), batch_size=32)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        model = train_model(model, train, val, epochs, patience)
    x, _ = examples(100, 2, dtype)
    single_pred, single_probs = inference(model, x[0:1])
    return {
        "losses": rounded(losses),
        "printed": printed.getvalue().splitlines(),
        "predicted": f"Predicted: {single_pred[0]}, Confidence: {single_probs[0][single_pred[0]]:.2%}",
    }


def gradient_tape(clip: bool) -> dict:
    import tensorflow as tf

    model = tf.keras.Sequential([tf.keras.layers.Dense(32, activation="relu"), tf.keras.layers.Dense(CLASSES)])
    model.build([None, FEATURES])
    for i, layer in enumerate(model.layers):
        kernel, bias = layer.get_weights()
        layer.set_weights([0.3 * tensor(list(kernel.T.shape), 10 + i).numpy().T, 0.3 * tensor(list(bias.shape), 20 + i).numpy()])
    (x, y), (xv, yv) = (tuple(part.numpy() for part in examples(count, seed)) for count, seed in [(320, 1), (100, 2)])
    train_ds = tf.data.Dataset.from_tensor_slices((x, y)).batch(32)
    val_ds = tf.data.Dataset.from_tensor_slices((xv, yv)).batch(32)
    loss_fn = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = tf.keras.optimizers.Adam(0.001)
    train_loss, val_loss = tf.keras.metrics.Mean(), tf.keras.metrics.Mean()
    train_acc, val_acc = tf.keras.metrics.SparseCategoricalAccuracy(), tf.keras.metrics.SparseCategoricalAccuracy()
    steps, printed = [], []
    for epoch in range(1, 6):
        for metric in (train_loss, train_acc, val_loss, val_acc):
            metric.reset_state()
        for x_b, y_b in train_ds:
            with tf.GradientTape() as tape:
                logits = model(x_b, training=True)
                loss = loss_fn(y_b, logits)
            grads = tape.gradient(loss, model.trainable_variables)
            if clip:
                grads = [tf.clip_by_norm(g, 0.05) for g in grads]
            optimizer.apply_gradients(zip(grads, model.trainable_variables))
            steps.append(float(loss))
            train_loss.update_state(loss)
            train_acc.update_state(y_b, logits)
        if not clip:
            printed.append(f"Epoch {epoch}, Loss: {loss.numpy():.4f}")
            continue
        for x_v, y_v in val_ds:
            val_logits = model(x_v, training=False)
            val_loss.update_state(loss_fn(y_v, val_logits))
            val_acc.update_state(y_v, val_logits)
        printed.append(
            f"Epoch {epoch:02d}: "
            f"Train Loss={train_loss.result():.4f}, "
            f"Train Acc={train_acc.result():.4f}, "
            f"Val Loss={val_loss.result():.4f}, "
            f"Val Acc={val_acc.result():.4f}"
        )
    weights = np.concatenate([value.reshape(-1) for layer in model.layers for value in (layer.get_weights()[0].T, layer.get_weights()[1])])
    return {"losses": rounded(steps), "printed": printed, "weights": rounded(weights[:40].tolist())}


def main() -> None:
    result = {
        "pytorch": pytorch(5, 10, torch.float32),
        # The gradient of a bias before a batch norm is rounding alone, and Adam makes steps of it: in float32 what is printed of validation is
        # chance in its last digits.
        "printed": pytorch(5, 10, torch.float64),
        "stopped": pytorch(60, 3, torch.float64),
        "gradientTape": gradient_tape(False),
        "trainStep": gradient_tape(True),
    }
    result["stopped"]["losses"] = result["stopped"]["losses"][:50]
    lines = [f'"{name}": {json.dumps(value, separators=(",", ":"))}' for name, value in result.items()]
    RESULT.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
