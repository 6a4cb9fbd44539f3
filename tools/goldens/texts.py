"""Records what HuggingFace's tokenizers and Keras's TextVectorization make of a few texts.

    KERAS_BACKEND=tensorflow python tools/goldens/texts.py

needs `tokenizers` and `tensorflow`.
"""

import json
import tempfile
from pathlib import Path

import tensorflow
from tokenizers import ByteLevelBPETokenizer

RESULT = Path(__file__).resolve().parent / "results" / "texts.json"

TRAIN = [
    "The quick brown fox jumps over the lazy dog. The dog doesn't mind; the fox does it again and again.",
    "She sells sea shells by the sea shore, the shells she sells are sea-shells, I'm sure.",
    "low low low low low lower lower newest newest newest newest newest newest widest widest widest",
    "In 1984 and 2024 we've counted 1,234 foxes and 56 dogs.  Two  spaces,\ttabs\nand lines.\n\n",
    "Grüße aus Köln, naïve café — 東京タワー 🦊🦊 fox 🦊",
]
TEXTS = TRAIN + [
    "", " ", "the", "  leading and trailing  ", "unseen zebra xylophone", "don't can't I'll we'd THEY'RE", "日本語 🐶 ©", "a\r\nb\u00a0c\u2003d",
    "sea" * 40, "3.14159 1e-7 0x1F", "under_score CamelCase kebab-case",
]


def trained(size: int, frequency: int, special: list) -> dict:
    tokenizer = ByteLevelBPETokenizer()
    tokenizer.train_from_iterator(TRAIN, vocab_size=size, min_frequency=frequency, special_tokens=special, show_progress=False)
    with tempfile.TemporaryDirectory() as folder:
        vocab, merges = (Path(path).read_text() for path in tokenizer.save_model(folder))
    texts = TEXTS + [f"fox{token}dog {token}" for token in special]
    encoded = [tokenizer.encode(text) for text in texts]
    return {"size": size, "frequency": frequency, "special": special, "vocab": vocab, "merges": merges,
            "texts": [{"text": text, "ids": one.ids, "decoded": tokenizer.decode(one.ids, skip_special_tokens=False)} for text, one in zip(texts, encoded)]}


def vectorized(options: dict, own: dict) -> dict:
    layer = tensorflow.keras.layers.TextVectorization(**options)
    layer.adapt(TRAIN[:3])
    texts = TRAIN[:4] + ["", "the unseen fox"]
    values = layer(texts).numpy()
    return {"options": own, "vocabulary": layer.get_vocabulary(), "texts": texts, "shape": list(values.shape),
            "values": [float(f"{x:.7g}") for x in values.flatten()]}


def main() -> None:
    result = {
        "train": TRAIN,
        "bytePair": [trained(300, 2, []), trained(320, 1, ["<|endoftext|>"]), trained(1000, 2, ["<pad>", "<s>"])],
        "vectorizer": [
            vectorized({}, {}),
            vectorized({"output_sequence_length": 6}, {"length": 6}),
            vectorized({"max_tokens": 8, "standardize": "lower"}, {"maxTokens": 8, "punctuation": True}),
            vectorized({"output_mode": "multi_hot", "max_tokens": 12}, {"output": "multiHot", "maxTokens": 12}),
            vectorized({"output_mode": "count"}, {"output": "count"}),
            vectorized({"output_mode": "tf_idf"}, {"output": "tfIdf"}),
            vectorized({"ngrams": 2, "output_sequence_length": 5}, {"ngrams": 2, "length": 5}),
        ],
    }
    lines = [f'"train":{json.dumps(TRAIN)}'] + [
        f'"{name}":[\n' + ",\n".join(json.dumps(one, separators=(",", ":")) for one in result[name]) + "\n]" for name in ("bytePair", "vectorizer")]
    RESULT.write_text("{" + ",\n".join(lines) + "}\n")


if __name__ == "__main__":
    main()
