"""What she wears: clothes, glasses, a cap, a head wrap."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from chiso.volunteers.anatomy import HeadBasis, Points
from chiso.volunteers.capture import Capture
from chiso.volunteers.chance import stream
from chiso.volunteers.identity import Colour, Identity
from chiso.volunteers.mesh import Triangles, normals
from chiso.volunteers.noise import octaves, smooth_noise
from chiso.volunteers.regions import HEAD_CENTRE
from chiso.volunteers.strands import Skull, Strands
from chiso.volunteers.surface import Finish, Surface

Floats = npt.NDArray[np.float64]
_NECKLINES: dict[str, tuple[float, float, float]] = {  # radius, height at the neck, V-cut
    "high neck": (0.30, 6.22, 0.0),
    "stand-up collar": (0.42, 5.98, 0.10),
    "round neck": (0.70, 5.80, 0.0),
    "V neck": (0.64, 5.80, 0.45),
}


def clothes(capture: Capture, template: Points, points: Points, faces: Triangles) -> list[Surface]:
    """A shirt over the shoulders, cut at its neckline."""
    radius, height, cut = _NECKLINES[capture.clothes]
    x, y, z = template.T
    # The opening is a circle about the neck as seen from the front; a V opens it downwards.
    drop = np.clip(5.88 - y, 0, None) * np.where(z > 0.25, 1.0, 2.6)
    away = np.hypot(x, drop * (1 - 0.55 * cut)) + 0.5 * cut * np.abs(x)
    beyond = away - radius if radius > 0.5 else height - y
    kept = faces[(beyond > 0)[faces].any(axis=1)]
    short = np.clip(-beyond, 0, 0.12)
    pull = np.where(short > 0, short, 0)[:, None]
    outwards = np.stack([x, -drop - 0.05, 0.2 * z], axis=1)
    if radius <= 0.5:
        outwards = np.tile([0.0, -1.0, 0.0], (len(x), 1))
    outwards /= np.maximum(np.linalg.norm(outwards, axis=1, keepdims=True), 1e-9)
    points = points + pull * outwards
    out = normals(points, faces)
    folds = 0.028 * smooth_noise(template * [1, 0.6, 1], capture.seed & 0xFFFF, 0.5)
    folds += 0.012 * smooth_noise(template, (capture.seed >> 8) & 0xFFFF, 0.22)
    thick = points + (0.02 + folds)[:, None] * out
    weave = 1 + 0.12 * octaves(template, 5, 0.05, 2)
    colours = np.clip(np.array(capture.clothes_colour) * weave[:, None], 0.004, 0.85)
    if (capture.seed >> 4) % 4 == 0:
        stripe = (np.sin(template[:, 1] * 2 * np.pi / 0.28) > 0.3)[:, None]
        colours = np.where(stripe, np.clip(1 - colours, 0.02, 0.7) * 0.6, colours)
    return [Surface.of("clothes", thick, kept, colours, Finish(0.85, 0.2))]


def worn(
    identity: Identity, capture: Capture, skull: Skull, points: Points, basis: HeadBasis
) -> tuple[list[Surface], list[Strands]]:
    """What moves with her head, before it turns."""
    surfaces: list[Surface] = []
    strands: list[Strands] = []
    wrapped = identity.hair.style == "head wrap"
    if wrapped:
        surfaces += _wrap(identity, skull)
    elif capture.cap:
        surfaces += _cap(capture, skull)
    if capture.glasses != "none":
        strands += _glasses(capture, points, basis)
    return surfaces, strands


def _wrap(identity: Identity, skull: Skull) -> list[Surface]:
    """A cloth wound about the head, with a knot of it on top."""
    hair = identity.hair
    chance = stream("wrap", identity.seed)
    low, slope = 7.86 + 0.12 * hair.hairline, 0.55
    direction, grid = _dome(70, 120)
    theta = np.degrees(np.arccos(np.clip(direction[:, 1], -1, 1)))
    pattern = int(chance.integers(0, 2**31))
    tilt = 0.35 * hair.parting
    wound = direction[:, 1] + tilt * direction[:, 0] + 0.25 * direction[:, 2]
    sway = 0.05 * smooth_noise(direction, pattern, 0.6)
    folds = 0.022 * np.abs(np.sin((wound + sway) * 2 * np.pi / 0.34)) ** 0.6
    folds += 0.02 * smooth_noise(direction, pattern + 1, 0.35)
    rise = (0.10 + 0.35 * hair.volume) * np.clip(1 - theta / 70, 0, 1)
    points = skull.at(direction, 0.05 + folds + rise)
    y_edge = low - slope * np.clip(0.9 - (points[:, 2] - HEAD_CENTRE[2]), 0, 1.9)
    kept = grid[(points[:, 1] > y_edge)[grid].all(axis=1)]
    base = np.array(hair.wrap_colour) + 0.02
    second = np.clip(base[[2, 0, 1]] * 1.6 + 0.05, 0, 0.7)
    print_ = smooth_noise(direction, pattern + 2, 0.22) > (0.1 if hair.wave > 0.45 else 9)
    colours = np.where(print_[:, None], second, base)
    made = [Surface.of("wrap", points, kept, colours, Finish(0.8, 0.25))]
    if hair.volume > 0.4:
        ball, faces = _dome(24, 40, 180)
        size = 0.22 + 0.16 * hair.length
        lumps = 1 + 0.22 * smooth_noise(ball, pattern + 3, 0.5)
        top = skull.at(_unit(np.array([0.25 * hair.parting, 0.8, 0.45]))[None], 0.25)[0]
        made.append(
            Surface.of(
                "knot", top + ball * (size * lumps)[:, None], faces, tuple(base), Finish(0.8, 0.25)
            )
        )
    return made


def _cap(capture: Capture, skull: Skull) -> list[Surface]:
    """A cap with a peak."""
    direction, grid = _dome(50, 100)
    points = skull.at(direction, 0.09)
    edge = 7.80 - 0.16 * np.clip(0.9 - (points[:, 2] - HEAD_CENTRE[2]), 0, 1.9)
    kept = grid[(points[:, 1] > edge)[grid].all(axis=1)]
    colour: Colour = capture.clothes_colour[::-1]
    across, out = np.meshgrid(np.linspace(-1, 1, 31), np.linspace(0, 1, 13), indexing="ij")
    angle = across * np.radians(58)
    start = _unit(np.stack([np.sin(angle), np.full_like(angle, 0.36), np.cos(angle)], axis=-1))
    rim = skull.at(start.reshape(-1, 3), 0.08).reshape(*angle.shape, 3)
    reach = 0.62 * np.sqrt(np.clip(1 - across**2, 0, 1))
    peak = rim + np.stack([0 * out, -0.18 * out * reach - 0.06 * across**2, out * reach], axis=-1)
    row, column = np.meshgrid(np.arange(30), np.arange(12), indexing="ij")
    a = (row * 13 + column).ravel()
    faces = np.concatenate([np.stack([a, a + 1, a + 13], 1), np.stack([a + 1, a + 14, a + 13], 1)])
    finish = Finish(0.8, 0.25)
    flat = peak.reshape(-1, 3)
    both = np.concatenate([faces, faces[:, ::-1] + len(flat)])
    return [
        Surface.of("cap", points, kept, colour, finish),
        Surface.of("peak", np.concatenate([flat, flat - [0, 0.02, 0]]), both, colour, finish),
    ]


def _glasses(capture: Capture, points: Points, basis: HeadBasis) -> list[Strands]:
    """A frame of two rims, a bridge and two temples, without lenses."""
    chance = stream("glasses", capture.seed)
    eyes = [points[np.unique(basis.parts[f"helper-{side}-eye"])].mean(axis=0) for side in "rl"]
    apart = float(eyes[1][0] - eyes[0][0])
    middle = (eyes[0] + eyes[1]) / 2
    front = float(points[basis.parts["body"]][..., 2][
        (np.abs(basis.template[basis.parts["body"]][..., 1] - 7.3) < 0.05)
        & (np.abs(basis.template[basis.parts["body"]][..., 0]) < 0.1)].max()) + 0.02  # fmt: skip
    wide, high = 0.25 + 0.03 * chance.random(), 0.19 + 0.05 * chance.random()
    power = 2.0 if capture.glasses == "round" else 3.6
    angle = np.linspace(0, 2 * np.pi, 41)
    c, s = np.cos(angle), np.sin(angle)
    lines = []
    for sign in (-1, 1):
        x = sign * apart / 2 + wide * np.sign(c) * np.abs(c) ** (2 / power)
        y = middle[1] - 0.03 + high * np.sign(s) * np.abs(s) ** (2 / power)
        z = front - 0.35 * np.clip(np.abs(x) - 0.1, 0, 1) ** 1.4
        lines.append(np.stack([x, y, z], axis=1))
        outer = sign * (apart / 2 + wide)
        ear_z = 0.45
        t = np.linspace(0, 1, 41)[:, None]
        begin = np.array([outer, middle[1] + 0.02, front - 0.35 * (abs(outer) - 0.1) ** 1.4])
        end = np.array([sign * 0.84, middle[1] - 0.02, ear_z])
        lines.append(begin + (end - begin) * t + np.array([sign * 0.05, 0, 0]) * np.sin(np.pi * t))
    t = np.linspace(-1, 1, 41)
    inner = apart / 2 - wide
    lines.append(
        np.stack(
            [t * inner, middle[1] + 0.04 + 0.03 * (1 - t**2), np.full(41, front + 0.01)], axis=1
        )
    )
    thick = 0.012 + 0.014 * chance.random()
    stacked = np.stack(lines)
    colour: Colour = (0.01, 0.01, 0.012) if chance.random() < 0.7 else (0.09, 0.04, 0.02)
    return [Strands(stacked, np.full(stacked.shape[:2], thick), colour, None)]


def _dome(rows: int, columns: int, reach_deg: float = 140) -> tuple[Floats, Triangles]:
    """Unit directions around the upright axis and the faces between them."""
    theta = np.radians(np.linspace(0.5, reach_deg, rows))
    phi = np.linspace(0, 2 * np.pi, columns, endpoint=False)
    t, p = np.meshgrid(theta, phi, indexing="ij")
    direction = np.stack([np.sin(t) * np.sin(p), np.cos(t), np.sin(t) * np.cos(p)], axis=-1)
    row, column = np.meshgrid(np.arange(rows - 1), np.arange(columns), indexing="ij")
    a = (row * columns + column).ravel()
    b = (row * columns + (column + 1) % columns).ravel()
    faces = np.concatenate(
        [np.stack([a, a + columns, b], axis=1), np.stack([b, a + columns, b + columns], axis=1)]
    )
    return direction.reshape(-1, 3), faces


def _unit(vector: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(vector / np.linalg.norm(vector, axis=-1, keepdims=True))
