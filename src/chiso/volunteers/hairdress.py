"""Each hair style, brow, lash and beard, grown on one head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chiso.volunteers import regions
from chiso.volunteers.anatomy import Points
from chiso.volunteers.chance import stream
from chiso.volunteers.identity import HAIR_COLOURS, Colour, Identity
from chiso.volunteers.mesh import Triangles
from chiso.volunteers.strands import Growth, Roots, Skull, Strands, grown, sown

Floats = npt.NDArray[np.float64]
COVERED = frozenset({"head wrap"})


@dataclass(frozen=True, slots=True)
class Scalp:
    """The skin that hair grows on: template and shaped points, normals, faces, masks by vertex."""

    template: Points
    points: Points
    ups: Points
    faces: Triangles
    lips: Floats
    ears: Floats
    skull: Skull


def hair_density(identity: Identity, scalp: Scalp) -> Floats:
    """Where hair grows on her head, by vertex: (n,) in [0, 1]."""
    hair = identity.hair
    receded = {"receding": 0.7 + 0.5 * hair.volume, "bald": 1.4}.get(hair.style, 0.0)
    grows = regions.scalp(scalp.template, scalp.ears, hair.hairline, receded)
    if hair.style == "bald":
        grows *= regions.soft_step(scalp.template[:, 1], 7.75, 7.45)
    return grows


def head_hair(identity: Identity, scalp: Scalp) -> list[Strands]:
    """Her hair, in strands of two or three shades; none under a head wrap."""
    hair = identity.hair
    style = hair.style
    if style in COVERED:
        return []
    chance = stream("head hair", identity.seed)
    density = hair_density(identity, scalp)
    if style in ("cornrows", "braids"):
        return _plaits(chance, identity, scalp, density)
    growth_of = {
        "shaved": _shaved, "bald": _shaved, "short natural": _coils, "afro": _coils,
        "short": _short, "receding": _short, "swept": _swept, "long": _long, "bob": _long,
        "bun": _tied,
    }[style]  # fmt: skip
    count = {"shaved": 22000, "bald": 6000, "short natural": 24000, "afro": 26000}.get(style, 17000)
    roots = sown(chance, scalp.points, scalp.faces, density, count)
    if not len(roots.triangles):
        return []
    at = roots.on(scalp.faces, scalp.points)
    ups = _unit(roots.on(scalp.faces, scalp.ups))
    growth = growth_of(chance, identity, roots.on(scalp.faces, scalp.template))
    points, radii = grown(chance, growth, at, ups, scalp.skull)
    made = [_knot(chance, identity, scalp)] if style == "bun" else []
    return [*_shaded(chance, identity, points, radii, roots), *made]


def brows(identity: Identity, scalp: Scalp) -> list[Strands]:
    """Two brows of single hairs, that lie along the brow."""
    chance = stream("brows", identity.seed)
    face_hair = identity.face_hair
    shape = (face_hair.brow_height, face_hair.brow_arch, face_hair.brow_gap)
    density = regions.brow(scalp.template, *shape, face_hair.brow_thickness)
    count = int(500 + 900 * face_hair.brow_density * (0.5 + face_hair.brow_thickness))
    roots = sown(chance, scalp.points, scalp.faces, density, count)
    template = roots.on(scalp.faces, scalp.template)
    xs, ys = regions.brow_line(*shape)
    x = np.abs(template[:, 0])
    along = np.clip((x - xs[0]) / (xs[-1] - xs[0]), 0, 1)
    above = np.clip((template[:, 1] - np.interp(x, xs, ys)) / 0.04, -1, 1)
    rise = np.interp(along, [0, 0.15, 0.5, 1], [1.5, 0.7, 0.15, -0.5]) - 0.5 * above
    outward = np.sign(template[:, 0])
    comb = _unit(np.stack([outward, rise, -0.35 * along], axis=1))
    length = (0.055 + 0.035 * chance.random(len(x))) * np.interp(along, [0, 0.3, 1], [0.75, 1, 0.7])
    growth = Growth(length, 5, 0.22, 0.0, comb, 0.3, radius=0.0011, frizz=0.08)
    ups = _unit(roots.on(scalp.faces, scalp.ups))
    points, radii = grown(chance, growth, roots.on(scalp.faces, scalp.points), ups, None)
    return [Strands(points, radii, _brow_colour(identity), roots)]


def beard(identity: Identity, scalp: Scalp) -> list[Strands]:
    """Beard and moustache, if she or he has one."""
    face_hair = identity.face_hair
    kind = face_hair.beard
    if kind == "none":
        return []
    chance = stream("beard", identity.seed)
    lip = regions.moustache(scalp.template, scalp.lips)
    chin = regions.chin_tuft(scalp.template, scalp.lips)
    jaw = regions.beard(scalp.template, scalp.lips, scalp.ears)
    density = {"moustache": lip, "goatee": np.maximum(lip, chin)}.get(
        kind, np.asarray(np.maximum.reduce([lip, chin, jaw]))
    )
    count = int({"stubble": 9000, "moustache": 2600, "goatee": 4500}.get(kind, 12000)
                * (0.5 + 0.5 * face_hair.beard_density))  # fmt: skip
    base = {"stubble": 0.012, "moustache": 0.07, "goatee": 0.08, "short beard": 0.07,
            "full beard": 0.2}[kind]  # fmt: skip
    roots = sown(chance, scalp.points, scalp.faces, density, count)
    template = roots.on(scalp.faces, scalp.template)
    side = np.clip(template[:, 0] / 0.5, -1, 1)
    comb = _unit(np.stack([0.35 * side, -np.ones(len(side)), np.full(len(side), 0.15)], axis=1))
    length = base * (0.7 + 0.6 * face_hair.beard_length) * (0.7 + 0.6 * chance.random(len(side)))
    soft = kind in ("short beard", "full beard", "goatee")
    growth = Growth(length, 6, 0.45, 0.1, comb, 0.35, curl=0.008 if soft else 0.0,
                    curl_length=0.06, frizz=0.15 if soft else 0.05,
                    radius=0.0012, margin=0.004)  # fmt: skip
    ups = _unit(roots.on(scalp.faces, scalp.ups))
    points, radii = grown(chance, growth, roots.on(scalp.faces, scalp.points), ups, None)
    return _shaded(chance, identity, points, radii, roots)


def _shaved(chance: np.random.Generator, identity: Identity, template: Points) -> Growth:
    length = (0.012 + 0.03 * identity.hair.length) * (0.7 + 0.5 * chance.random(len(template)))
    back = np.tile([0.0, -0.2, -1.0], (len(template), 1))
    return Growth(length, 4, 0.7, 0.0, back, 0.1, frizz=0.2, radius=0.0011, margin=0.001)


def _coils(chance: np.random.Generator, identity: Identity, template: Points) -> Growth:
    hair = identity.hair
    long = 0.10 + 0.16 * hair.length if hair.style == "short natural" else 0.38 + 0.5 * hair.length
    edge = regions.soft_step(template[:, 1], 7.0, 7.7)
    length = long * (0.45 + 0.55 * edge) * (0.85 + 0.3 * chance.random(len(template)))
    out = _unit(template - regions.HEAD_CENTRE)
    return Growth(length, 10, 0.9, 0.0, out, 0.25, curl=0.016 + 0.014 * hair.wave,
                  curl_length=0.055, frizz=0.35, radius=0.0016, margin=0.006,
                  clump=0.25 * hair.volume, guides=900)  # fmt: skip


def _short(chance: np.random.Generator, identity: Identity, template: Points) -> Growth:
    hair = identity.hair
    top = regions.soft_step(template[:, 1], 7.55, 8.05)
    length = (0.12 + (0.22 + 0.35 * hair.length) * top) * (0.75 + 0.4 * chance.random(len(top)))
    x = (template - regions.HEAD_CENTRE)[:, 0]
    side = np.tanh((x - 0.45 * hair.parting) * 4) if hair.length > 0.4 else np.tanh(x * 2)
    forward = 0.9 if hair.wave > 0.5 else 0.35
    comb = np.stack(
        [
            0.45 * side * top + 0.1 * chance.normal(size=len(x)),
            -(1 - top) - 0.2,
            forward * top - 0.3 * (1 - top),
        ],
        axis=1,
    )
    return Growth(length, 8, 0.16 + 0.22 * hair.volume, 0.42, _unit(comb), 0.35,
                  curl=0.02 * hair.wave, curl_length=0.25, frizz=0.05, radius=0.0017,
                  clump=0.55, guides=700, margin=0.012)  # fmt: skip


def _swept(chance: np.random.Generator, identity: Identity, template: Points) -> Growth:
    hair = identity.hair
    top = regions.soft_step(template[:, 1], 7.5, 8.0)
    length = (0.14 + (0.7 + 0.5 * hair.length) * top) * (0.8 + 0.35 * chance.random(len(top)))
    x = (template - regions.HEAD_CENTRE)[:, 0]
    comb = np.stack([0.25 * np.sign(x) + 0.4 * hair.parting * top, -0.2 - 0.5 * (1 - top),
                     np.full(len(x), -1.0)], axis=1)  # fmt: skip
    return Growth(length, 10, 0.5 + 0.2 * hair.volume, 0.10, _unit(comb), 0.5,
                  curl=0.03 * hair.wave, curl_length=0.4, frizz=0.03, radius=0.0017,
                  clump=0.6, guides=500, margin=0.03 + 0.05 * hair.volume)  # fmt: skip


def _long(chance: np.random.Generator, identity: Identity, template: Points) -> Growth:
    hair = identity.hair
    base = 1.55 + 0.5 * hair.length if hair.style == "bob" else 2.7 + 1.6 * hair.length
    x, y, z = (template - regions.HEAD_CENTRE).T
    parting = 0.25 * hair.parting
    side = np.tanh((x - parting) * 14)
    front = regions.soft_step(z, 0.0, 0.7)
    length = (
        base * (0.85 + 0.2 * chance.random(len(x))) * (0.8 + 0.2 * regions.soft_step(y, 0.0, 0.7))
    )
    back = np.where(np.abs(x) > 0.45, -0.45, -0.35)
    comb = np.stack([side * (0.75 - 0.2 * (1 - front)), np.full(len(x), -0.8), back], axis=1)
    return Growth(length, 18, 0.25 + 0.15 * hair.volume, 0.55, _unit(comb), 0.35,
                  curl=0.012 + 0.07 * hair.wave, curl_length=0.5 + 0.5 * hair.volume, frizz=0.02,
                  radius=0.0021, clump=0.55, guides=420,
                  margin=0.02 + 0.08 * hair.volume, curtain=0.56)  # fmt: skip


def _tied(_: np.random.Generator, identity: Identity, template: Points) -> Growth:
    knot = regions.HEAD_CENTRE + 0.93 * _knot_direction(identity)
    towards = _unit(knot - template)
    away = np.linalg.norm(knot - template, axis=1)
    return Growth(away * 1.25, 14, 0.12, 0.0, towards, 0.9, frizz=0.01, radius=0.0019,
                  clump=0.2, guides=400, margin=0.012)  # fmt: skip


def _knot_direction(identity: Identity) -> Floats:
    high = identity.hair.length
    return _unit(np.array([0.0, 0.1 + 0.85 * high, -1 + 0.55 * high]))


def _knot(chance: np.random.Generator, identity: Identity, scalp: Scalp) -> Strands:
    """A ball of wound hair at the back of the head."""
    size = 0.22 + 0.16 * identity.hair.volume
    direction = _knot_direction(identity)
    centre = scalp.skull.at(direction, size * 0.6)
    turns = 900
    start, end = (_unit(chance.normal(size=(turns, 3))) for _ in range(2))
    t = np.linspace(0, 1, 9)[None, :, None]
    arc = _unit(start[:, None] * (1 - t) + end[:, None] * t)
    radius = size * (0.85 + 0.2 * chance.random((turns, 1, 1)))
    points = centre + arc * radius
    return Strands(points, np.full(points.shape[:2], 0.004), _hair_colour(identity), None)


def _plaits(
    chance: np.random.Generator, identity: Identity, scalp: Scalp, density: Floats
) -> list[Strands]:
    """Braids: three hairs as thick as cords, wound about each other."""
    hair = identity.hair
    lines = (
        _rows(identity, scalp.skull) if hair.style == "cornrows"
        else _hanging(chance, identity, scalp, density)
    )  # fmt: skip
    thick = 0.020 + 0.012 * hair.volume if hair.style == "cornrows" else 0.014 + 0.014 * hair.volume
    count = max(8, int(max(_length(line) for line in lines) / 0.030))
    cords = []
    for line in lines:
        fine, along = _resampled(line, count)
        tangent = _unit(np.gradient(fine, axis=0))
        side = _unit(np.cross(tangent, _unit(fine - scalp.skull.centre)))
        up = np.cross(side, tangent)
        for k in range(3):
            turn = 2 * np.pi * (along / 0.16 + k / 3)
            sway = np.cos(turn)[:, None] * side + 0.45 * np.sin(2 * turn)[:, None] * up
            cords.append(fine + thick * sway)
    points = np.stack(cords)
    plaits = Strands(points, np.full(points.shape[:2], thick * 0.85), _hair_colour(identity), None)
    fuzz_roots = sown(chance, scalp.points, scalp.faces, density, 12000)
    at = fuzz_roots.on(scalp.faces, scalp.points)
    ups = _unit(fuzz_roots.on(scalp.faces, scalp.ups))
    growth = Growth(np.full(len(at), 0.018), 4, 0.5, 0, ups, 0.1, frizz=0.3, radius=0.001, margin=0)
    points, radii = grown(chance, growth, at, ups, None)
    return [plaits, Strands(points, radii, _hair_colour(identity), fuzz_roots)]


def _rows(identity: Identity, skull: Skull) -> list[Floats]:
    """Lines over the scalp from the forehead to the nape."""
    count = 11 + int(6 * identity.hair.length)
    tilts = np.radians(np.linspace(-78, 78, count))
    lines = []
    for tilt in tilts:
        theta = np.radians(np.linspace(22, 172, 60))
        direction = np.stack(
            [np.sin(tilt) * np.sin(theta), np.cos(tilt) * np.sin(theta), np.cos(theta)], axis=1
        )
        points = skull.at(_unit(direction), 0.02)
        none = np.zeros(len(points))
        grows = regions.scalp(points, none, identity.hair.hairline, 0.0) > 0.5
        if grows.sum() > 6:
            inside = np.flatnonzero(grows)
            lines.append(points[inside[0] : inside[-1] + 1])
    return lines


def _hanging(
    chance: np.random.Generator, identity: Identity, scalp: Scalp, density: Floats
) -> list[Floats]:
    """Braids that hang from all over the scalp."""
    hair = identity.hair
    count = 110 + int(60 * hair.wave)
    roots = sown(chance, scalp.points, scalp.faces, density, count)
    template = roots.on(scalp.faces, scalp.template)
    x, _, z = (template - regions.HEAD_CENTRE).T
    side = np.tanh((x - 0.15 * hair.parting) * 8)
    comb = _unit(np.stack([side * 0.8, np.full(count, -0.4), -0.5 - 0.2 * z], axis=1))
    length = (1.5 + 2.4 * hair.length) * (0.85 + 0.25 * chance.random(count))
    growth = Growth(length, 20, 0.25, 0.6, comb, 0.3, radius=0.02, margin=0.045, frizz=0.02,
                    curtain=0.58)  # fmt: skip
    ups = _unit(roots.on(scalp.faces, scalp.ups))
    points, _ = grown(chance, growth, roots.on(scalp.faces, scalp.points), ups, scalp.skull)
    return list(points)


def _length(line: Floats) -> float:
    return float(np.linalg.norm(np.diff(line, axis=0), axis=1).sum())


def _resampled(line: Floats, count: int) -> tuple[Floats, Floats]:
    """The line as `count` points evenly apart, and how far along it each is."""
    distance = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    wanted = np.linspace(0, distance[-1], count)
    return np.stack([np.interp(wanted, distance, line[:, k]) for k in range(3)], axis=1), wanted


def _hair_colour(identity: Identity) -> Colour:
    hair = identity.hair
    grey = np.array(HAIR_COLOURS["grey"])
    mixed = (1 - hair.grey_ratio) * np.array(hair.colour) + hair.grey_ratio * grey
    return (float(mixed[0]), float(mixed[1]), float(mixed[2]))


def _brow_colour(identity: Identity) -> Colour:
    mixed = 0.7 * np.array(identity.hair.colour) + 0.3 * np.array(_hair_colour(identity))
    mixed = np.minimum(mixed, 0.16)
    return (float(mixed[0]), float(mixed[1]), float(mixed[2]))


def _shaded(
    chance: np.random.Generator, identity: Identity, points: Floats, radii: Floats,
    drawn: Roots,
) -> list[Strands]:  # fmt: skip
    """The hairs in three shades; grey ones among them as she has grey hair."""
    hair = identity.hair
    grey = chance.random(len(points)) < hair.grey_ratio
    shade = chance.integers(0, 2, len(points))
    made = []
    base = np.array(hair.colour)
    for which, colour in (
        (~grey & (shade == 0), base * 0.75),
        (~grey & (shade == 1), base * 1.25),
        (grey, np.array(HAIR_COLOURS["grey"])),
    ):
        if which.any():
            roots = Roots(drawn.triangles[which], drawn.weights[which])
            shown = (float(colour[0]), float(colour[1]), float(colour[2]))
            made.append(Strands(points[which], radii[which], shown, roots))
    return made


def _unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9))
