"""CenterFace behind the Detector port."""

from __future__ import annotations

import numpy as np

from chiso.adapters.models.manifest import DetectorSpec
from chiso.adapters.models.planes import pad_to_multiple, planes_of
from chiso.adapters.models.sessions import Session
from chiso.capture.suppress import suppress
from chiso.core.samples import Box, Face, Pixels

_STRIDE_PX = 4
_SIDES_DIVISIBLE_BY_PX = 32


class CenterFace:
    """Xu et al. (2019), "CenterFace: joint face detection and alignment using face as point"."""

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
        padded = pad_to_multiple(pixels, _SIDES_DIVISIBLE_BY_PX)
        outputs = self._session.run(planes_of(padded[None], self._spec.normalisation))
        heat, log_size, offset, points = (value[0] for value in outputs.values())

        rows, columns = np.nonzero(heat[0] > self._spec.score_min)
        confidences = heat[0, rows, columns]
        # Maps are ordered (height, width) and (y, x); everything below is (x, y).
        sizes = np.exp(log_size[::-1, rows, columns].T) * _STRIDE_PX
        cells = np.stack([columns, rows], axis=1) + 0.5
        corners = (cells + offset[::-1, rows, columns].T) * _STRIDE_PX - sizes / 2
        fractions = points[:, rows, columns].T.reshape(-1, 5, 2)[..., ::-1]
        landmarks = corners[:, None] + fractions * sizes[:, None] - 0.5

        boxes = np.concatenate([corners, sizes], axis=1)
        kept = suppress(boxes, confidences, self._spec.nms_iou)
        return tuple(
            Face(
                box=Box(*map(float, boxes[index])),
                landmarks=landmarks[index].astype(np.float32),
                confidence=float(confidences[index]),
            )
            for index in kept
        )
