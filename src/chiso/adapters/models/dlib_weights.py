"""Reads the trained parameters out of dlib's serialised face-descriptor network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chiso.core.errors import ChisoError, Code

Floats = NDArray[np.float32]

_CONVOLUTION = b"\x01\x05con_4"
_AFFINE = b"\x01\x07affine_"
_FULLY_CONNECTED = b"\x01\x04fc_2"
_CONVOLUTIONS = 29
_TENSOR_VERSION = 2
_MAX_ELEMENTS = 1 << 24
_VARINT_MAX_BYTES = 8


@dataclass(frozen=True, slots=True)
class Convolution:
    """A convolution with its affine folded in: weights (out, in, k, k), biases (out,), float32."""

    weights: Floats
    biases: Floats


@dataclass(frozen=True, slots=True)
class DlibWeights:
    """Convolutions in forward order, and the last layer's projection, shape (256, 128), float32."""

    convolutions: tuple[Convolution, ...]
    projection: Floats


def parse_dlib_weights(data: bytes) -> DlibWeights:
    """The parameters in a `dlib_face_recognition_resnet_model_v1.dat`.

    Raises `ChisoError(DIGEST_MISMATCH)` where `data` is no such file.
    """
    try:
        return _parse(_Reader(data))
    except (IndexError, ValueError) as cause:
        raise ChisoError(
            Code.DIGEST_MISMATCH,
            f"The weights are not dlib's face descriptor: {cause}.",
            "Reinstall the package face_recognition_models.",
        ) from cause


def _parse(reader: _Reader) -> DlibWeights:
    convolutions = tuple(_folded_convolution(reader) for _ in range(_CONVOLUTIONS))
    reader.seek_past(_FULLY_CONNECTED)
    outputs, inputs = reader.varint(), reader.varint()
    projection = reader.tensor().reshape(inputs, outputs)
    return DlibWeights(convolutions, projection)


def _folded_convolution(reader: _Reader) -> Convolution:
    """One convolution that gives gamma · (filters * x + biases) + beta."""
    reader.seek_past(_CONVOLUTION)
    parameters = reader.tensor().ravel().astype(np.float64)
    out = reader.varint()
    side_px, width_px = reader.varint(), reader.varint()
    if side_px != width_px:
        raise ValueError("a filter is not square")
    filters = parameters[:-out].reshape(out, -1, side_px, side_px)
    biases = parameters[-out:]

    reader.seek_past(_AFFINE)
    gamma, beta = reader.tensor().ravel().astype(np.float64).reshape(2, out)
    return Convolution(
        weights=(filters * gamma[:, None, None, None]).astype(np.float32),
        biases=(biases * gamma + beta).astype(np.float32),
    )


class _Reader:
    """A position in dlib's stream: tagged layers, varints, tensors."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def seek_past(self, tag: bytes) -> None:
        found = self._data.find(tag, self._at)
        if found < 0:
            raise ValueError(f"layer {tag[2:].decode()!r} is missing")
        self._at = found + len(tag)

    def varint(self) -> int:
        """One byte whose low four bits count the little-endian bytes that follow."""
        count = self._data[self._at] & 0x0F
        if not 1 <= count <= _VARINT_MAX_BYTES:
            raise ValueError(f"no integer at byte {self._at}")
        start = self._at + 1
        self._at = start + count
        return int.from_bytes(self._data[start : self._at], "little")

    def tensor(self) -> Floats:
        """Version, four dimensions, then little-endian float32."""
        version = self.varint()
        if version != _TENSOR_VERSION:
            raise ValueError(f"a tensor has version {version}")
        shape = tuple(self.varint() for _ in range(4))
        elements = int(np.prod(shape, dtype=np.float64))
        if elements > _MAX_ELEMENTS:
            raise ValueError(f"a tensor claims shape {shape}")
        values = np.frombuffer(self._data, "<f4", count=elements, offset=self._at)
        self._at += values.nbytes
        return values.reshape(shape)
