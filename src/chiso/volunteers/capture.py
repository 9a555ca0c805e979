"""How one photo is taken: pose, expression, light, camera, clothes, all from one seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from chiso.volunteers.anatomy import Share
from chiso.volunteers.chance import about, between, chosen, stream
from chiso.volunteers.identity import Colour

LIGHTS = {"studio": 3.0, "window": 3.0, "noon": 2.0, "dim room": 1.5, "back light": 1.5}
REFERENCE_STOPS = 0.5
"""How much brighter than a white card at 1 the calibration photo is: the lightest swatch is lighter
than any skin under such a light."""

_EXPRESSIONS: Mapping[str, Mapping[str, float]] = {
    "neutral": {},
    "slight smile": {"mouthSmile": 0.45, "cheekSquint": 0.25, "mouthDimple": 0.2},
    "smile": {"mouthSmile": 0.85, "cheekSquint": 0.5, "eyeSquint": 0.25, "mouthDimple": 0.2},
    "laugh": {"mouthSmile": 0.8, "jawOpen": 0.22, "cheekSquint": 0.6, "eyeSquint": 0.35,
              "mouthUpperUp": 0.35},
    "talking": {"jawOpen": 0.18, "mouthFunnel": 0.25},
    "serious": {"browDown": 0.5, "mouthPress": 0.35},
    "surprised": {"browInnerUp": 0.6, "browOuterUp": 0.6, "eyeWide": 0.5, "jawOpen": 0.12},
}  # fmt: skip
_EXPRESSION_WEIGHTS = {"neutral": 4, "slight smile": 4, "smile": 3, "laugh": 1.2, "talking": 1,
                       "serious": 1.2, "surprised": 0.5}  # fmt: skip
_ONE_SIDED = frozenset({"jawOpen", "mouthFunnel", "browInnerUp"})


@dataclass(frozen=True, slots=True)
class Light:
    """One of LIGHTS, or the reference, and where it comes from; degrees about the volunteer."""

    kind: str
    azimuth_deg: float
    elevation_deg: float
    softness: float
    fill: float
    warmth: float


@dataclass(frozen=True, slots=True)
class Camera:
    """What takes the photo."""

    distance_m: float
    height_m: float
    head_ratio: float
    """Height of the head as a share of the photo's."""
    exposure_stops: float
    noise: float
    """Grows with the ISO: a third of it is the standard deviation of white, of full scale."""
    blur_px: float
    """Gaussian, in pixels of a photo 512 wide."""
    warmth: float
    quality: int
    """Of JPEG, 1 to 95."""


@dataclass(frozen=True, slots=True)
class Capture:
    """Everything that may differ between two photos of one person, except her skin tone."""

    seed: int
    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    expression: str
    shares: tuple[Share, ...]
    gaze_deg: tuple[float, float]
    light: Light
    camera: Camera
    backdrop: str
    backdrop_colour: Colour
    clothes: str
    clothes_colour: Colour
    glasses: str
    cap: bool

    def traits(self) -> dict[str, str]:
        """What to write beside the photo."""
        return {
            "yaw_deg": f"{self.yaw_deg:.1f}",
            "pitch_deg": f"{self.pitch_deg:.1f}",
            "roll_deg": f"{self.roll_deg:.1f}",
            "expression": self.expression,
            "light": self.light.kind,
            "distance_m": f"{self.camera.distance_m:.2f}",
            "exposure_stops": f"{self.camera.exposure_stops:.2f}",
            "noise": f"{self.camera.noise:.4f}",
            "blur_px": f"{self.camera.blur_px:.2f}",
            "jpeg_quality": str(self.camera.quality),
            "backdrop": self.backdrop,
            "clothes": self.clothes,
            "glasses": self.glasses,
            "cap": "yes" if self.cap else "no",
        }


def capture_of(seed: int) -> Capture:
    """The photo that a seed stands for."""
    pose = stream("pose", seed)
    setting = stream("setting", seed)
    expression = chosen(pose, _EXPRESSION_WEIGHTS)
    light = _light(seed)
    return Capture(
        seed=seed,
        yaw_deg=about(pose, 0, 13, 38),
        pitch_deg=about(pose, 0, 6, 16),
        roll_deg=about(pose, 0, 5, 14),
        expression=expression,
        shares=_expression_shares(expression, between(pose, 0.7, 1.1)),
        gaze_deg=(about(pose, 0, 4, 12), about(pose, 0, 2.5, 7)),
        light=light,
        camera=_camera(seed, light.kind),
        backdrop=chosen(
            setting, {"wall": 3, "room": 3, "outdoors": 3 if light.kind == "noon" else 1}
        ),
        backdrop_colour=_muted(setting),
        clothes=chosen(
            setting, {"round neck": 3, "high neck": 1, "stand-up collar": 1, "V neck": 2}
        ),
        clothes_colour=_muted(setting),
        glasses=chosen(setting, {"none": 8, "round": 0.7, "square": 0.9}),
        cap=bool(setting.random() < 0.06),
    )


def is_posed(capture: Capture) -> bool:
    """Whether it is a photo that one poses for: facing the camera, in studio or window light."""
    return (
        capture.light.kind in ("studio", "window")
        and abs(capture.yaw_deg) <= 12
        and abs(capture.pitch_deg) <= 9
        and capture.glasses == "none"
        and not capture.cap
    )


def reference_capture() -> Capture:
    """The photo that skin tones are calibrated on.

    She faces the camera in white light from both sides at 45 degrees, the geometry that colours
    are measured in (CIE 15, 45°:0°), which keeps most of the shine of skin out of it.
    """
    return Capture(
        seed=0,
        yaw_deg=0.0,
        pitch_deg=0.0,
        roll_deg=0.0,
        expression="neutral",
        shares=(),
        gaze_deg=(0.0, 0.0),
        light=Light("reference", 45.0, 0.0, 0.5, 0.05, 0.0),
        camera=Camera(1.5, 0.0, 0.6, REFERENCE_STOPS, 0.0, 0.0, 0.0, 95),
        backdrop="wall",
        backdrop_colour=(0.35, 0.35, 0.35),
        clothes="round neck",
        clothes_colour=(0.3, 0.3, 0.3),
        glasses="none",
        cap=False,
    )


def _expression_shares(expression: str, strength: float) -> tuple[Share, ...]:
    shares: list[Share] = []
    for action, weight in _EXPRESSIONS[expression].items():
        sides = ("",) if action in _ONE_SIDED else ("Left", "Right")
        shares += [Share(action + side, weight * strength) for side in sides]
    return tuple(shares)


def _light(seed: int) -> Light:
    chance = stream("light", seed)
    kind = chosen(chance, LIGHTS)
    side = 1 if chance.random() < 0.5 else -1
    ranges = {
        "studio": (20, 50, 15, 45, 0.6, 1.0, 0.25, 0.55, -0.1, 0.1),
        "window": (40, 80, 5, 30, 0.5, 1.0, 0.15, 0.35, -0.3, 0.1),
        "noon": (0, 60, 40, 70, 0.0, 0.25, 0.3, 0.6, -0.1, 0.2),
        "dim room": (0, 90, 40, 75, 0.4, 1.0, 0.25, 0.5, 0.3, 0.8),
        "back light": (120, 165, 10, 45, 0.5, 1.0, 0.3, 0.5, -0.2, 0.2),
    }[kind]
    a, b, c, d, e, f, g, h, i, j = ranges
    return Light(
        kind=kind,
        azimuth_deg=side * between(chance, a, b),
        elevation_deg=between(chance, c, d),
        softness=between(chance, e, f),
        fill=between(chance, g, h),
        warmth=between(chance, i, j),
    )


def _camera(seed: int, light: str) -> Camera:
    chance = stream("camera", seed)
    dim = light in ("dim room", "back light")
    return Camera(
        distance_m=between(chance, 0.55, 2.2),
        height_m=about(chance, 0.0, 0.08, 0.2),
        head_ratio=between(chance, 0.54, 0.82),
        exposure_stops=about(chance, 0.2, 0.3, 0.7) - (0.45 if dim else 0.0),
        noise=between(chance, 0.015, 0.05) if dim else between(chance, 0.003, 0.018),
        blur_px=between(chance, 0.3, 1.6) if dim else between(chance, 0.2, 0.9),
        warmth=about(chance, 0.0, 0.12, 0.3),
        quality=int(chance.integers(60, 95)),
    )


def _muted(chance: np.random.Generator) -> Colour:
    hue = chance.uniform(0, 1, 3)
    grey = hue.mean()
    mixed = (grey + 0.55 * (hue - grey)) ** 1.6 * 0.75 + 0.02
    return (float(mixed[0]), float(mixed[1]), float(mixed[2]))
