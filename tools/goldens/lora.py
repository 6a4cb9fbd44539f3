"""Records what Hugging Face's PEFT makes of a small model with adapters: names, trained parameters, outputs, merged weights.

    python tools/goldens/lora.py

needs `torch` and `peft`. Numbers are those of `spread` in nn.py; src/nn/lora.test.ts reads them.
"""

import json
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict

from nn import numbers, tensor

RESULT = Path(__file__).resolve().parent / "results" / "lora.json"


class Net(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc1 = torch.nn.Linear(5, 4)
        self.fc2 = torch.nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc2(torch.relu(self.fc1(x)))


def main() -> None:
    net = Net().double()
    with torch.no_grad():
        for seed, (_, parameter) in enumerate(sorted(net.named_parameters()), 1):
            parameter.copy_(tensor(list(parameter.shape), seed))
    model = get_peft_model(net, LoraConfig(r=2, lora_alpha=3, target_modules=["fc1", "fc2"])).double()
    adapters = get_peft_model_state_dict(model)
    with torch.no_grad():
        for seed, (name, value) in enumerate(sorted(adapters.items()), 11):
            value.copy_(tensor(list(value.shape), seed))
    x = tensor([2, 5], 101)
    model.eval()
    output = model(x)
    output.square().sum().backward()
    gradients = {name: numbers(p.grad) for name, p in model.named_parameters() if p.grad is not None}
    merged = model.merge_and_unload()
    result = {
        "names": {name: list(value.shape) for name, value in adapters.items()},
        "output": numbers(output),
        "gradients": gradients,
        "merged": {name: numbers(value) for name, value in merged.state_dict().items()},
    }
    lines = [f'"{name}": {json.dumps(value, separators=(",", ":"))}' for name, value in result.items()]
    RESULT.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
