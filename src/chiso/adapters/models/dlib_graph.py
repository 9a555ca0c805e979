"""Builds dlib's face-descriptor network as an ONNX graph, the same bytes every time."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from chiso.adapters.models.dlib_weights import Convolution, DlibWeights, Floats

_OPSET = 17
_IR_VERSION = 8
_SIZE_PX = 150
_DIMENSIONS = 128
# Blocks in each residual level; every level but the first begins by halving the resolution.
_LEVELS = (3, 4, 3, 3, 1)


def build_dlib_graph(weights: DlibWeights) -> bytes:
    """Serialised ONNX, from `chips` to `descriptors`.

    Chips are (n, 3, 150, 150), float32, normalised RGB; descriptors are (n, 128), float32, as dlib
    gives them, of no particular length.

    The network is dlib's `anet_type` for 150-pixel chips: King (2017),
    "High quality face recognition with deep metric learning".
    """
    graph = _Graph()
    convolutions = iter(weights.convolutions)

    flow = graph.convolve("chips", next(convolutions), stride=2, padding=0)
    flow = graph.node("Relu", [flow])
    flow = graph.node("MaxPool", [flow], kernel_shape=[3, 3], strides=[2, 2])
    channels, side_px = 32, 35
    for level, blocks in enumerate(_LEVELS):
        for block in range(blocks):
            halve = level > 0 and block == 0
            first, second = next(convolutions), next(convolutions)
            flow, side_px = _residual(graph, flow, first, second, (channels, side_px), halve)
            channels = first.weights.shape[0]
    flow = graph.node("GlobalAveragePool", [flow])
    flow = graph.node("Flatten", [flow])
    graph.node("MatMul", [flow, graph.constant(weights.projection)], output="descriptors")
    return graph.serialised()


def _residual(
    graph: _Graph,
    flow: str,
    first: Convolution,
    second: Convolution,
    shape: tuple[int, int],
    halve: bool,
) -> tuple[str, int]:
    """One block; `shape` is the input's (channels, side). Returns the output and its side."""
    channels, side_px = shape
    branch = graph.convolve(
        flow, first, stride=2 if halve else 1, padding=0 if halve else first.weights.shape[2] // 2
    )
    branch = graph.node("Relu", [branch])
    branch = graph.convolve(branch, second, stride=1, padding=second.weights.shape[2] // 2)
    if not halve:
        return graph.node("Relu", [graph.node("Add", [branch, flow])]), side_px

    branch_side_px = (side_px - 3) // 2 + 1
    skip_side_px = (side_px - 2) // 2 + 1
    skip = graph.convolve(
        flow, _halving_skip(channels, second.weights.shape[0]), stride=2, padding=0
    )
    branch = graph.pad_end(branch, skip_side_px - branch_side_px)
    return graph.node("Relu", [graph.node("Add", [branch, skip])]), skip_side_px


def _halving_skip(channels_in: int, channels_out: int) -> Convolution:
    """A 2-by-2 mean that also appends zero channels.

    As one convolution it keeps onnxruntime's blocked layout; pooling then padding leaves it.
    """
    weights = np.zeros((channels_out, channels_in, 2, 2), np.float32)
    weights[np.arange(channels_in), np.arange(channels_in)] = 0.25
    return Convolution(weights, np.zeros(channels_out, np.float32))


class _Graph:
    """An ONNX graph under construction; names are counted, so that bytes repeat."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._initialisers: list[onnx.TensorProto] = []

    def node(
        self, kind: str, inputs: list[str], output: str | None = None, **attributes: Any
    ) -> str:
        name = f"n{len(self._nodes)}" if output is None else output
        self._nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def constant(self, values: Floats | np.ndarray[tuple[int], np.dtype[np.int64]]) -> str:
        name = f"w{len(self._initialisers)}"
        self._initialisers.append(numpy_helper.from_array(values, name))
        return name

    def convolve(self, flow: str, layer: Convolution, stride: int, padding: int) -> str:
        inputs = [flow, self.constant(layer.weights), self.constant(layer.biases)]
        side_px = layer.weights.shape[2]
        return self.node(
            "Conv",
            inputs,
            kernel_shape=[side_px, side_px],
            strides=[stride, stride],
            pads=[padding] * 4,
        )

    def pad_end(self, flow: str, rows: int) -> str:
        """Zeros at the right and at the bottom."""
        if rows == 0:
            return flow
        pads = np.array([0, 0, 0, 0, 0, 0, rows, rows], np.int64)
        return self.node("Pad", [flow, self.constant(pads)])

    def serialised(self) -> bytes:
        chips = helper.make_tensor_value_info(
            "chips", TensorProto.FLOAT, ["n", 3, _SIZE_PX, _SIZE_PX]
        )
        descriptors = helper.make_tensor_value_info(
            "descriptors", TensorProto.FLOAT, ["n", _DIMENSIONS]
        )
        graph = helper.make_graph(
            self._nodes, "dlib-resnet", [chips], [descriptors], self._initialisers
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", _OPSET)],
            ir_version=_IR_VERSION,
            producer_name="chiso",
        )
        onnx.checker.check_model(model)
        serialised: bytes = model.SerializeToString(deterministic=True)
        return serialised
