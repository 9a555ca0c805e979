"""YuNet behind the Detector port."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chiso.adapters.models.manifest import DetectorSpec
from chiso.adapters.models.planes import pad_to_multiple, planes_of
from chiso.adapters.models.sessions import Session, Tensor
from chiso.capture.suppress import suppress
from chiso.core.samples import Box, Face, Pixels

_STRIDES_PX = (8, 16, 32)


class YuNet:
    """Wu, Peng & Yu (2023), "YuNet: a tiny millisecond-level face detector"."""

    def __init__(self, name: str, spec: DetectorSpec, session: Session) -> None:
        self._name = name
        self._spec = spec
        self._session = session

    @property
    def name(self) -> str:
        """Name in the model manifest."""
        return self._name

    def detect(self, pixels: Pixels) -> tuple[Face, ...]:
        """Faces above the manifest's confidence, after suppression, surest first."""
        padded = pad_to_multiple(pixels, max(_STRIDES_PX))
        outputs = self._session.run(planes_of(padded[None], self._spec.normalisation))
        levels = [self._level(outputs, stride, padded.shape[1]) for stride in _STRIDES_PX]
        confidences, boxes, landmarks = (
            np.concatenate(parts) for parts in zip(*levels, strict=True)
        )
        kept = suppress(boxes, confidences, self._spec.nms_iou)
        return tuple(
            Face(
                box=Box(*map(float, boxes[index])),
                landmarks=landmarks[index].astype(np.float32),
                confidence=float(confidences[index]),
            )
            for index in kept
        )

    def _level(
        self, outputs: dict[str, Tensor], stride_px: int, width_px: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.float64]]:
        """Confidences (n,), boxes (n, 4) and landmarks (n, 5, 2) of one stride's grid."""
        likely = outputs[f"cls_{stride_px}"][0, :, 0].clip(0, 1)
        present = outputs[f"obj_{stride_px}"][0, :, 0].clip(0, 1)
        confidences = np.sqrt(likely * present)
        index = np.flatnonzero(confidences > self._spec.score_min)

        rows, columns = np.divmod(index, width_px // stride_px)
        cells = np.stack([columns, rows], axis=1).astype(np.float64)
        shapes = outputs[f"bbox_{stride_px}"][0, index]
        points = outputs[f"kps_{stride_px}"][0, index].reshape(-1, 5, 2)

        sizes = np.exp(shapes[:, 2:]) * stride_px
        corners = (cells + shapes[:, :2]) * stride_px - sizes / 2
        landmarks = (cells[:, None] + points) * stride_px
        return confidences[index], np.concatenate([corners, sizes], axis=1), landmarks
