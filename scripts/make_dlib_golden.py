"""Writes tests/golden/dlib_descriptor.json: dlib's own descriptor of a made-up chip.

Needs the packages dlib-bin, numpy and face_recognition_models, which tests do not:
    python scripts/make_dlib_golden.py
"""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

GOLDEN = Path(__file__).parent.parent / "tests" / "golden" / "dlib_descriptor.json"
WEIGHTS = "dlib_face_recognition_resnet_model_v1.dat"
SIZE_PX = 150


def made_up_chip() -> NDArray[np.uint8]:
    """Smooth gradients and a ripple, in whole-number arithmetic so that every machine agrees."""
    rows, columns = np.mgrid[:SIZE_PX, :SIZE_PX]
    red = (rows * 255) // (SIZE_PX - 1)
    green = (columns * 255) // (SIZE_PX - 1)
    blue = (rows * columns * 7 + (rows - columns) ** 2 * 3) % 256
    return np.stack([red, green, blue], axis=2).astype(np.uint8)


def main() -> None:
    """Run dlib and store what it says."""
    import dlib  # here, so that the test can take the chip from this file without it

    files = metadata.files("face_recognition_models") or []
    weights = next(str(file.locate()) for file in files if file.name == WEIGHTS)
    model = dlib.face_recognition_model_v1(weights)
    descriptor = model.compute_face_descriptor(made_up_chip())
    golden = {
        "chip": "scripts/make_dlib_golden.py, made_up_chip",
        "dlib": dlib.__version__,
        "descriptor": [float(np.float32(value)) for value in descriptor],
    }
    GOLDEN.write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
