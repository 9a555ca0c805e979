"""Limits that capture works under, each with its unit and what it is for."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """How large a photo may be before it is refused unread, and how long decoding it may take."""

    max_bytes: int = 32 * 1024 * 1024
    max_pixels: int = 64_000_000
    max_memory_bytes: int = 768 * 1024 * 1024
    """All buffers alive at once while one photo is decoded, as estimated from its header."""
    min_side_px: int = 16
    max_cpu_s: int = 30
    """Processor time for one photo: the slowest that the other limits let through takes a few."""
    max_wall_s: float = 120.0
    """Time for one photo on a clock, since a busy machine gives a process little of its time."""


@dataclass(frozen=True, slots=True)
class QualityLimits:
    """When a face is refused. None of these looks at how bright or dark the face is on average.

    `tests/capture/test_quality.py` holds the defaults to the photos they were chosen on: sharpness
    and size from where the descriptor begins to take a person for another, contrast so low that
    the darkest skin in a seventh of the light is above it. No photos of turned faces were there
    to choose the angles on.
    """

    min_inter_eye_px: float
    """Eye to eye in pixels of the photo."""
    min_sharpness: float
    """In [0, 1]; see `chiso.capture.quality`."""
    max_clipped_ratio: float
    """Share of the face that is pure white, pure black or outside the photo."""
    min_contrast_levels: float
    """8-bit levels between the dark and the light parts of the face."""
    max_yaw_deg: float
    max_pitch_deg: float


PROBE_LIMITS = QualityLimits(
    min_inter_eye_px=14.0,
    min_sharpness=0.20,
    max_clipped_ratio=0.4,
    min_contrast_levels=3.0,
    max_yaw_deg=50.0,
    max_pitch_deg=40.0,
)
"""What is asked of an everyday photo that is compared once."""

ENROLMENT_LIMITS = QualityLimits(
    min_inter_eye_px=30.0,
    min_sharpness=0.32,
    max_clipped_ratio=0.25,
    min_contrast_levels=3.0,
    max_yaw_deg=30.0,
    max_pitch_deg=30.0,
)
"""What is asked of a photo that every later comparison rests on."""


@dataclass(frozen=True, slots=True)
class CaptureSettings:
    """Everything that capture may be told."""

    decode: DecodeLimits = field(default_factory=DecodeLimits)
    probe: QualityLimits = PROBE_LIMITS
    enrolment: QualityLimits = ENROLMENT_LIMITS
