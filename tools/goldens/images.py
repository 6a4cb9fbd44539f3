"""Records small images and what TensorFlow (libjpeg) and Pillow read from them: python tools/goldens/images.py"""
import base64
import io
import json
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from PIL import Image  # noqa: E402


def text(b):
    return base64.b64encode(b).decode()


def saved(image, **options):
    out = io.BytesIO()
    image.save(out, **options)
    return out.getvalue()


def main():
    two = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 255]]], np.uint8)
    y, x = np.mgrid[0:24, 0:32]
    smooth = np.stack([x * 8, y * 10, 255 - x * 4 - y * 4], -1).astype(np.uint8)
    photo = saved(Image.fromarray(smooth), format="JPEG", quality=95, subsampling=0)
    flat = saved(Image.fromarray(np.full((2, 2, 3), (200, 30, 60), np.uint8)), format="JPEG", quality=95)
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter: the top of the scene is at the right of the file
    turned = saved(Image.fromarray(smooth), format="JPEG", quality=95, subsampling=0, exif=exif)
    grey = saved(Image.fromarray(smooth[:, :, 0]), format="PNG")
    alpha = np.concatenate([two, np.array([[[255], [128]], [[0], [255]]], np.uint8)], -1)
    result = {
        "png": text(saved(Image.fromarray(two), format="PNG")),
        "rgba": text(saved(Image.fromarray(alpha, "RGBA"), format="PNG")),
        "grey": text(grey),
        "flat": {"file": text(flat), "pixels": tf.io.decode_jpeg(flat).numpy().ravel().tolist()},
        "photo": {"file": text(photo), "pixels": text(tf.io.decode_jpeg(photo, dct_method="INTEGER_ACCURATE").numpy().tobytes())},
        "turned": text(turned),
        "webp": text(saved(Image.fromarray(two), format="WEBP", lossless=True)),
    }
    out = pathlib.Path(__file__).parent / "results" / "images.json"
    out.write_text(json.dumps(result, separators=(",", ":")) + "\n")


main()
