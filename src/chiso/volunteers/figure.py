"""A volunteer as a photo sees her: every surface and hair, posed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chiso.volunteers import dress, hairdress
from chiso.volunteers.anatomy import HeadBasis, Points, Share
from chiso.volunteers.capture import Capture
from chiso.volunteers.eyes import eyeball
from chiso.volunteers.hairdress import Scalp
from chiso.volunteers.identity import Identity
from chiso.volunteers.mesh import Triangles, normals, subdivision, triangles
from chiso.volunteers.noise import octaves, smooth_noise
from chiso.volunteers.regions import soft_step
from chiso.volunteers.strands import Skull, Strands
from chiso.volunteers.surface import Finish, Surface

Floats = npt.NDArray[np.float64]
_NECK = "joint-neck"
_HEAD_ABOVE_DM = 6.3
_LASHES = tuple(f"helper-{side}-eyelashes-{row}" for side in "lr" for row in (1, 2))


@dataclass(frozen=True, slots=True)
class Skin:
    """The skin: its mesh, and by vertex what its colour is painted from."""

    points: Points
    faces: Triangles
    normals: Points
    template: Points
    """(n, 3) where each vertex lies on the template: freckles stay put when she smiles."""
    lips: Floats
    hair: Floats
    """(n,) how densely hair grows: its roots darken the skin."""
    roughness: Floats


@dataclass(frozen=True, slots=True)
class Figure:
    """Everything in front of the camera except the backdrop; decimetres, her head upright at 0."""

    skin: Skin
    surfaces: tuple[Surface, ...]
    strands: tuple[Strands, ...]
    landmarks: Points
    """(5, 3): her right eye, her left eye, nose tip, right and left corner of the mouth; for one
    who faces the camera that is image left first."""
    face_centre: npt.NDArray[np.float64]
    head_height_dm: float


class Sculptor:
    """Makes figures out of one head; keeps what is the same for all, and the last person made."""

    def __init__(self, basis: HeadBasis) -> None:
        self._basis = basis
        self.shape_names = tuple(basis.shapes)
        body = basis.parts["body"]
        self._first = subdivision(body, len(basis.template))
        self._second = subdivision(self._first.quads, self._first.vertices)
        self._skin_faces = triangles(self._second.quads)
        self._smooth_masks = {
            name: self._finer(mask[:, None])[:, 0] for name, mask in basis.masks.items()
        }
        wet = (self._smooth_masks["inside-mouth"][self._skin_faces] > 0.6).all(axis=1)
        self._mouth_faces, self._outer_faces = self._skin_faces[wet], self._skin_faces[~wet]
        self._template = self._finer(basis.template)
        self._on_skin = np.zeros(len(self._template), dtype=bool)
        self._on_skin[self._outer_faces.ravel()] = True
        tights = basis.parts["helper-tights"]
        self._cloth = subdivision(tights, len(basis.template))
        self._cloth_second = subdivision(self._cloth.quads, self._cloth.vertices)
        self._person: tuple[Identity, Scalp, tuple[Strands, ...], Points] | None = None

    def figure(self, identity: Identity, capture: Capture) -> Figure:
        """The person as she is in that photo."""
        scalp, hairs, rest = self._grown(identity)
        basis = self._basis
        points = self._fitted(identity, [*identity.shares, *capture.shares])
        turn, pivot, share = self._turning(points, capture)
        fine = self._finer(points)
        fine_normals = normals(fine, self._skin_faces)
        fine = fine + self._relief(identity)[:, None] * fine_normals
        fine_share = self._finer(share[:, None])
        posed = pivot + (1 - fine_share) * (fine - pivot) + fine_share * ((fine - pivot) @ turn.T)
        coarse = (
            pivot
            + (1 - share[:, None]) * (points - pivot)
            + share[:, None] * ((points - pivot) @ turn.T)
        )
        skin = self._skin(identity, scalp, posed)
        surfaces = [
            *self._mouth(posed, coarse),
            *(eyeball(coarse[np.unique(basis.parts[f"helper-{side}-eye"])], turn, capture.gaze_deg,
                      identity.iris, identity.seed) for side in "lr"),
            *self._clothes(capture, coarse),
        ]  # fmt: skip

        def turned(values: Points) -> Points:
            return np.asarray(pivot + (values - pivot) @ turn.T)

        strands = [self._moved(each, scalp, rest, posed, turn, turned) for each in hairs]
        strands += self._lashes(identity, coarse)
        worn_surfaces, worn_strands = dress.worn(identity, capture, scalp.skull, points, basis)
        surfaces += [each.moved(turned) for each in worn_surfaces]
        strands += [
            Strands(turned(each.points), each.radii, each.colour, None) for each in worn_strands
        ]
        top = posed[self._on_skin & (self._template[:, 1] > 8.2)].mean(axis=0)
        chin = posed[np.argmin(np.abs(self._template - [0, 6.2, 1.42]).sum(axis=1))]
        return Figure(
            skin=skin,
            surfaces=tuple(surfaces),
            strands=tuple(strands),
            landmarks=self._landmarks(posed, coarse, turn),
            face_centre=np.asarray((top + chin) / 2),
            head_height_dm=float(np.linalg.norm(top - chin)) + 0.2,
        )

    def _finer(self, values: Floats) -> Floats:
        return self._second.apply(self._first.apply(values))

    def _grown(self, identity: Identity) -> tuple[Scalp, tuple[Strands, ...], Points]:
        """Her hair, grown once on her face at rest."""
        if self._person is not None and self._person[0] == identity:
            return self._person[1], self._person[2], self._person[3]
        rest = self._finer(self._fitted(identity, list(identity.shares)))
        ups = normals(rest, self._skin_faces)
        ears = self._smooth_masks["ears"]
        on_skull = (self._template[:, 1] > _HEAD_ABOVE_DM) & (ears < 0.2) & self._on_skin
        scalp = Scalp(
            self._template, rest, ups, self._outer_faces, self._smooth_masks["lips"], ears,
            Skull(rest[on_skull]),
        )  # fmt: skip
        hairs = (
            *hairdress.head_hair(identity, scalp),
            *hairdress.brows(identity, scalp),
            *hairdress.beard(identity, scalp),
        )
        self._person = (identity, scalp, hairs, rest)
        return scalp, hairs, rest

    def _fitted(self, identity: Identity, shares: list[Share]) -> Points:
        """The shaped template, moved and scaled so that her head lies where the template's does."""
        template = self._basis.template
        head = np.unique(self._basis.parts["body"])
        head = head[template[head, 1] > _HEAD_ABOVE_DM]
        rest = self._basis.shaped(list(identity.shares))
        middle, wanted = rest[head].mean(axis=0), template[head].mean(axis=0)
        away, aim = rest[head] - middle, template[head] - wanted
        scale = float((away * aim).sum() / (away**2).sum())
        return np.asarray((self._basis.shaped(shares) - middle) * scale + wanted)

    def _turning(
        self, points: Points, capture: Capture
    ) -> tuple[Floats, npt.NDArray[np.float64], Floats]:
        """How the head turns: the rotation, its pivot, and each vertex's share in it."""
        turn = rotation(capture.yaw_deg, capture.pitch_deg, capture.roll_deg)
        pivot = self._basis.joint(_NECK, points) + np.array([0.0, 0.35, 0.1])
        template = self._basis.template
        share = soft_step(template[:, 1] + 0.42 * template[:, 2], 5.75, 6.62)
        return turn, pivot, share

    def _relief(self, identity: Identity) -> Floats:
        """What is finer than the shapes of the mesh: unevenness, pores, lines; decimetres."""
        at, pattern, detail = self._template, identity.skin.pattern, identity.skin
        relief = 0.0012 * detail.unevenness * smooth_noise(at, pattern, 0.11)
        relief += 0.0011 * detail.pores * octaves(at, pattern + 7, 0.035, 2)
        x, y, z = at.T
        front = soft_step(z, 0.9, 1.2)
        if detail.lines > 0.05:
            sway = 0.02 * smooth_noise(at, pattern + 11, 0.3)
            forehead = soft_step(y, 7.62, 7.70) * soft_step(y, 8.0, 7.9) * front
            relief -= 0.0028 * detail.lines * forehead * np.cos((y + sway) * 2 * np.pi / 0.1) ** 6
            corner = np.hypot(np.abs(x) - 0.50, y - 7.28)
            feet = soft_step(corner, 0.22, 0.10) * soft_step(np.abs(x), 0.46, 0.53) * front
            fan = np.arctan2(y - 7.28, np.abs(x) - 0.46)
            relief -= 0.0035 * detail.lines * feet * np.cos(fan * 7 + sway * 30) ** 8
        return relief * soft_step(y, 5.9, 6.2) * (self._smooth_masks["lips"] < 0.5)

    def _skin(self, identity: Identity, scalp: Scalp, posed: Points) -> Skin:
        at = self._template
        x, y, z = at.T
        oily = soft_step(np.abs(x), 0.35, 0.1) * soft_step(y, 6.6, 6.9) * (z > 1.0)
        rough = 0.54 - 0.10 * identity.skin.oil - 0.07 * identity.skin.oil * oily
        rough += 0.05 * smooth_noise(at, identity.skin.pattern + 3, 0.06)
        rough -= 0.12 * self._smooth_masks["lips"]
        hair = hairdress.hair_density(identity, scalp)
        return Skin(
            points=posed,
            faces=self._outer_faces,
            normals=normals(posed, self._skin_faces),
            template=at,
            lips=self._smooth_masks["lips"],
            hair=hair,
            roughness=np.clip(rough, 0.28, 0.75),
        )

    def _mouth(self, posed: Points, coarse: Points) -> list[Surface]:
        parts = self._basis.parts
        flesh = (0.22, 0.055, 0.05)
        pink, ivory = (0.28, 0.08, 0.075), (0.62, 0.56, 0.46)
        back = coarse - [0, 0, 0.035]  # so that no tooth pierces a lip
        teeth = [
            Surface.of(part, back, triangles(parts[part]), ivory, Finish(0.2))
            for part in ("helper-upper-teeth", "helper-lower-teeth")
        ]
        return [
            Surface.of("mouth", posed, self._mouth_faces, flesh, Finish(0.35)),
            Surface.of("tongue", coarse, triangles(parts["helper-tongue"]), pink, Finish(0.3)),
            *teeth,
        ]

    def _clothes(self, capture: Capture, coarse: Points) -> list[Surface]:
        template = self._cloth_second.apply(self._cloth.apply(self._basis.template))
        points = self._cloth_second.apply(self._cloth.apply(coarse))
        return dress.clothes(capture, template, points, triangles(self._cloth_second.quads))

    def _moved(
        self,
        hairs: Strands,
        scalp: Scalp,
        rest: Points,
        posed: Points,
        turn: Floats,
        turned: Callable[[Points], Points],
    ) -> Strands:
        """Hairs where they are in the photo: with the skin they root in, or with the head."""
        points = hairs.points
        if hairs.roots is None:
            return Strands(turned(points), hairs.radii, hairs.colour, None)
        before = hairs.roots.on(scalp.faces, rest)
        after = hairs.roots.on(scalp.faces, posed)
        return Strands(
            (points - before[:, None]) @ turn.T + after[:, None],
            hairs.radii,
            hairs.colour,
            hairs.roots,
        )

    def _lashes(self, identity: Identity, coarse: Points) -> list[Strands]:
        """Hairs along the lids, from the strips that the template has there."""
        made = []
        for name in _LASHES:
            side = name.split("-")[1]
            eye = coarse[np.unique(self._basis.parts[f"helper-{side}-eye"])].mean(axis=0)
            corners = coarse[self._basis.parts[name]]
            far = np.linalg.norm(corners - eye, axis=2)
            pair = np.where(
                (far[:, 0] + far[:, 1] < far[:, 2] + far[:, 3])[:, None], [0, 1, 2, 3], [2, 3, 0, 1]
            )
            other = np.where(
                (far[:, 1] + far[:, 2] < far[:, 3] + far[:, 0])[:, None], [1, 2, 3, 0], [3, 0, 1, 2]
            )
            split_a = np.abs(far[:, 0] + far[:, 1] - far[:, 2] - far[:, 3])
            split_b = np.abs(far[:, 1] + far[:, 2] - far[:, 3] - far[:, 0])
            order = np.where((split_a > split_b)[:, None], pair, other)
            corners = np.take_along_axis(corners, order[:, :, None], axis=1)
            for t in (0.1, 0.5, 0.9):
                base = (1 - t) * corners[:, 0] + t * corners[:, 1]
                tip = (1 - t) * corners[:, 3] + t * corners[:, 2]
                tip = base + (0.35 + 0.55 * identity.face_hair.lash_length) * (tip - base)
                bend = (base + tip) / 2 + 0.12 * (eye - (base + tip) / 2) * 0.1
                made.append(np.stack([base, (base + bend) / 2, bend, tip], axis=1))
        points = np.concatenate(made)
        radii = np.tile(np.array([0.0011, 0.0010, 0.0008, 0.0004]), (len(points), 1))
        return [Strands(points, radii, (0.006, 0.005, 0.005), None)]

    def _landmarks(self, posed: Points, coarse: Points, turn: Floats) -> Points:
        parts = self._basis.parts
        eyes = []
        for side in "rl":
            ball = coarse[np.unique(parts[f"helper-{side}-eye"])]
            centre = ball.mean(axis=0)
            radius = float(np.linalg.norm(ball - centre, axis=1).mean())
            eyes.append(centre + turn @ np.array([0.0, 0.0, radius]))
        nose = posed[np.argmin(((self._template - [0, 6.93, 1.68]) ** 2).sum(axis=1))]
        lips = self._smooth_masks["lips"] > 0.5
        corners = [
            posed[np.flatnonzero(lips)[np.argmax(sign * self._template[lips, 0])]]
            for sign in (-1, 1)
        ]
        return np.stack([*eyes, nose, *corners])


def rotation(yaw_deg: float, pitch_deg: float, roll_deg: float) -> Floats:
    """Turn to her left, then nod down, then lean: a matrix (3, 3) for column vectors."""
    y, p, r = np.radians([yaw_deg, pitch_deg, roll_deg])
    about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    about_z = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    return np.asarray(about_z @ about_x @ about_y)
