"""Frees a published detector from the one input size that it was exported with."""

from __future__ import annotations

import onnx


def free_detector_shapes(data: bytes) -> bytes:
    """The same ONNX graph for one image of any height and width; the same bytes every time.

    Initialisers leave the inputs (where they stand, onnxruntime may not fold them), and recorded
    shapes of inputs, outputs and in between go, for onnxruntime infers them again.
    """
    model = onnx.load_model_from_string(data)
    graph = model.graph
    constants = {tensor.name for tensor in graph.initializer}
    images = [value for value in graph.input if value.name not in constants]
    del graph.input[:]
    graph.input.extend(images)
    del graph.value_info[:]
    for value in graph.input:
        dimensions = value.type.tensor_type.shape.dim
        dimensions[0].dim_value = 1
        for axis, name in ((2, "height"), (3, "width")):
            dimensions[axis].dim_param = name
    for value in graph.output:
        for axis, dimension in enumerate(value.type.tensor_type.shape.dim):
            dimension.dim_param = f"{value.name}_{axis}"
    freed: bytes = model.SerializeToString(deterministic=True)
    return freed
