"""Traces light over a figure with Mitsuba, once for every skin tone."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import drjit as dr
import mitsuba as mi
import numpy as np
import numpy.typing as npt

from chiso.volunteers.capture import Capture
from chiso.volunteers.exposure import TEMPLATE_HIGH, TEMPLATE_LOW, Exposure
from chiso.volunteers.figure import Figure, Skin
from chiso.volunteers.lighting import sphere
from chiso.volunteers.strands import Strands
from chiso.volunteers.surface import Surface

mi.set_variant("scalar_rgb")
mi.set_log_level(mi.LogLevel.Error)
# One thread: portraits are made in as many processes as there are cores, and sums of floating-
# point numbers come out the same in each.
dr.set_thread_count(1)

Floats = npt.NDArray[np.float64]
_PROBES = (0.0, 0.35, 0.8)  # skin albedos at which light is traced
_DEPTH = 5
_SKIN = "skin"
_ATTRIBUTE = "vertex_paint"
_CORD_DM = 0.008
"""Strands of this radius or more are braids and frames of glasses: straight from point to point."""


@dataclass(frozen=True, slots=True)
class PaintedLight:
    """One photo traced with skin of one colour by vertex.

    Attributes:
        dark: (h, w, 4) radiance with black skin, and alpha.
        lit: (h, w, 3) radiance with the painted skin, from the same rays.
        paint: (h, w, 3) the albedo that these rays met, times `share`.
        share: (h, w) share of them that met skin.
    """

    dark: Floats
    lit: Floats
    paint: Floats
    share: Floats


def expose(figure: Figure, capture: Capture, size_px: int, samples: int) -> Exposure:
    """Trace the light of one photo, `size_px` a side, with so many samples a pixel."""
    with tempfile.TemporaryDirectory(prefix="chiso-studio-") as folder:
        stage = _Stage(figure, capture, size_px, samples, Path(folder))
    where, what = stage.facts(max(12, samples // 2))
    dark, low, high = stage.lit(_PROBES, samples)
    first, second = _PROBES[1:]
    alpha = dark[..., 3]
    dark, low, high = (each[..., :3] for each in (dark, low, high))
    linear = ((low - dark) * second**2 - (high - dark) * first**2) / (
        first * second**2 - second * first**2
    )
    quadratic = ((high - dark) - linear * second) / second**2
    return Exposure(
        fixed=dark,
        linear=np.maximum(linear, 0),
        quadratic=quadratic,
        alpha=np.clip(alpha, 0, 1),
        coverage=np.clip(what[..., 0], 0, 1),
        lips=np.clip(what[..., 1], 0, 1),
        hair=np.clip(what[..., 2], 0, 1),
        template=where,
        mm_per_px=stage.view.mm_per_px,
        landmarks=stage.view.seen(figure.landmarks, size_px).astype(np.float32),
    )


def trace_painted(
    figure: Figure, capture: Capture, size_px: int, samples: int, albedos: Sequence[Floats]
) -> list[PaintedLight]:
    """Trace the light anew for each skin, given as linear albedo by vertex, (n, 3).

    The sampler's seed is that of the capture; see `chiso.adapters.studio.direct`.
    """
    with tempfile.TemporaryDirectory(prefix="chiso-studio-") as folder:
        stage = _Stage(figure, capture, size_px, samples, Path(folder), painted=True)
    bare = np.zeros_like(figure.skin.points)
    dark, *lit = stage.lit((bare, *albedos), samples)
    share, *paint = stage.glows((bare + 1, *albedos), samples)
    return [
        PaintedLight(dark, seen[..., :3], colour, share[..., 0])
        for seen, colour in zip(lit, paint, strict=True)
    ]


class _View:
    """Where the camera stands, and what it sees at which pixel."""

    def __init__(self, figure: Figure, capture: Capture, size_px: int) -> None:
        camera = capture.camera
        target = figure.face_centre
        self.origin = target + np.array([0.0, camera.height_m * 10, camera.distance_m * 10])
        field = figure.head_height_dm / camera.head_ratio
        target = target - [0, 0.06 * field, 0]
        self.target = target
        distance = float(np.linalg.norm(self.origin - target))
        self.half = field / 2 / distance
        self.fov_deg = float(np.degrees(2 * np.arctan(self.half)))
        self.mm_per_px = field * 100 / size_px

    def seen(self, points: Floats, size_px: int) -> Floats:
        """Pixels (n, 2), the centre of the top-left one at (0, 0), of points in space."""
        ahead = self.target - self.origin
        ahead /= np.linalg.norm(ahead)
        right = np.cross(ahead, [0.0, 1.0, 0.0])
        right /= np.linalg.norm(right)
        up = np.cross(right, ahead)
        away = points - self.origin
        depth = away @ ahead
        x = (away @ right) / depth / self.half
        y = (away @ up) / depth / self.half
        return np.stack([(x + 1) / 2 * size_px - 0.5, (1 - y) / 2 * size_px - 0.5], axis=1)


class _Stage:
    """The figure, the camera and the light, loaded twice: to be lit, and to be looked up."""

    def __init__(
        self,
        figure: Figure,
        capture: Capture,
        size_px: int,
        samples: int,
        folder: Path,
        *,
        painted: bool = False,
    ) -> None:
        self.view = _View(figure, capture, size_px)
        self._seed = capture.seed & 0x7FFFFFFF
        self._skin = figure.skin
        shapes: dict[str, Any] = {}
        for k, surface in enumerate(figure.surfaces):
            shapes[f"surface{k}"] = _surface(surface)
        for k, strands in enumerate(figure.strands):
            shapes[f"strands{k}"] = _strands(strands, folder / f"strands{k}.txt")
        sensor = self._sensor(size_px, samples)
        light = {"type": "envmap", "bitmap": mi.Bitmap(sphere(capture.light).astype(np.float32))}
        skin = _skin(figure.skin, painted)
        self._lit: Any = mi.load_dict(
            {"type": "scene", "light": light, "sensor": sensor, _SKIN: skin, **shapes}
        )
        self._glowing: Any = mi.load_dict(
            {"type": "scene", "sensor": sensor, _SKIN: _glowing(figure.skin), **shapes}
        )

    def lit(self, albedos: Sequence[float | Floats], samples: int) -> list[Floats]:
        """Radiance and alpha, (h, w, 4), with skin of each albedo, from the same rays.

        An albedo is one grey; or (n, 3), by vertex, on a stage made to be painted.
        """
        parameters = mi.traverse(self._lit)
        integrator = mi.load_dict(
            {"type": "path", "max_depth": _DEPTH, "rr_depth": 99, "hide_emitters": True}
        )
        made = []
        for albedo in albedos:
            if isinstance(albedo, float):
                parameters[f"{_SKIN}.bsdf.base_color.value"] = mi.Color3f(albedo)
            else:
                parameters[f"{_SKIN}.{_ATTRIBUTE}"] = albedo.astype(np.float32).ravel()
            parameters.update()
            made.append(self._rendered(self._lit, integrator, samples))
        return made

    def facts(self, samples: int) -> tuple[Floats, Floats]:
        """What skin is in each pixel: its coded template place, and (coverage, lips, hair)."""
        skin = self._skin
        at = (skin.template - TEMPLATE_LOW) / (TEMPLATE_HIGH - TEMPLATE_LOW)
        masks = np.stack([np.ones(len(at)), skin.lips, skin.hair], axis=1)
        where, what = self.glows((np.clip(at, 0, 1), masks), samples)
        return where, what

    def glows(self, values: Sequence[Floats], samples: int) -> list[Floats]:
        """What the skin bears by vertex, (n, 3), as pictures (h, w, 3)."""
        parameters = mi.traverse(self._glowing)
        integrator = mi.load_dict({"type": "path", "max_depth": 1, "hide_emitters": False})
        made = []
        for each in values:
            parameters[f"{_SKIN}.{_ATTRIBUTE}"] = each.astype(np.float32).ravel()
            parameters.update()
            made.append(self._rendered(self._glowing, integrator, samples)[..., :3])
        return made

    def _rendered(self, scene: Any, integrator: Any, samples: int) -> Floats:
        image = mi.render(scene, integrator=integrator, spp=samples, seed=self._seed)
        return np.asarray(image, dtype=np.float64)

    def _sensor(self, size_px: int, samples: int) -> Any:
        view = self.view
        look = mi.ScalarTransform4f().look_at(
            origin=list(view.origin), target=list(view.target), up=[0, 1, 0]
        )
        return mi.load_dict({
            "type": "perspective",
            "fov": view.fov_deg,
            "to_world": look,
            "film": {
                "type": "hdrfilm",
                "width": size_px,
                "height": size_px,
                "pixel_format": "rgba",
                "rfilter": {"type": "box"},
            },
            "sampler": {"type": "multijitter", "sample_count": samples},
        })  # fmt: skip


def _skin(skin: Skin, painted: bool) -> Any:
    grey = {"type": "rgb", "value": [0.0, 0.0, 0.0]}
    finish = mi.load_dict({
        "type": "principled",
        "base_color": {"type": "mesh_attribute", "name": _ATTRIBUTE} if painted else grey,
        "roughness": {"type": "mesh_attribute", "name": "vertex_roughness"},
        "specular": 0.36,  # n = 1.4: 0.08 times this is reflected straight back
        "clearcoat": 0.02,
        "clearcoat_gloss": 0.5,
    })  # fmt: skip
    mesh = _mesh(_SKIN, skin.points, skin.faces, skin.normals, {"bsdf": finish})
    mesh.add_attribute("vertex_roughness", 1, skin.roughness.astype(np.float32))
    if painted:
        mesh.add_attribute(_ATTRIBUTE, 3, np.zeros(3 * len(skin.points), np.float32))
    return mesh


def _glowing(skin: Skin) -> Any:
    """Skin that gives off what it bears by vertex, and reflects nothing."""
    black = mi.load_dict({"type": "diffuse", "reflectance": {"type": "rgb", "value": 0.0}})
    glow = mi.load_dict({
        "type": "area", "radiance": {"type": "mesh_attribute", "name": _ATTRIBUTE},
    })  # fmt: skip
    mesh = _mesh(_SKIN, skin.points, skin.faces, skin.normals, {"bsdf": black, "emitter": glow})
    mesh.add_attribute(_ATTRIBUTE, 3, np.zeros(3 * len(skin.points), np.float32))
    return mesh


def _surface(surface: Surface) -> Any:
    finish = mi.load_dict({
        "type": "twosided",
        "bsdf": {
            "type": "principled",
            "base_color": {"type": "mesh_attribute", "name": _ATTRIBUTE},
            "roughness": surface.finish.roughness,
            "specular": surface.finish.specular,
            "clearcoat": surface.finish.clearcoat,
            "clearcoat_gloss": 0.95,
        },
    })  # fmt: skip
    mesh = _mesh(surface.name, surface.points, surface.faces, surface.normals, {"bsdf": finish})
    mesh.add_attribute(_ATTRIBUTE, 3, surface.colours.astype(np.float32).ravel())
    return mesh


def _mesh(
    name: str, points: Floats, faces: npt.NDArray[np.int64], normals: Floats, parts: dict[str, Any]
) -> Any:
    properties = mi.Properties()
    for name_of_part, part in parts.items():
        properties[name_of_part] = part
    mesh = mi.Mesh(name, len(points), len(faces), has_vertex_normals=True, props=properties)
    values = mi.traverse(mesh)
    values["vertex_positions"] = points.astype(np.float32).ravel()
    values["vertex_normals"] = normals.astype(np.float32).ravel()
    values["faces"] = faces.astype(np.uint32).ravel()
    values.update()
    return mesh


def _strands(strands: Strands, path: Path) -> dict[str, Any]:
    points, radii = strands.points, strands.radii
    # A B-spline does not reach its end points; one more beyond each, in line, makes it.
    rows = np.concatenate([points, radii[..., None]], axis=2)
    before, after = 2 * rows[:, :1] - rows[:, 1:2], 2 * rows[:, -1:] - rows[:, -2:-1]
    rows = np.concatenate([before, rows, after], axis=1)
    rows[..., 3] = np.maximum(rows[..., 3], 1e-5)
    line = "%.4f %.4f %.4f %.5f\n"
    one = line * rows.shape[1] + "\n"
    path.write_text((one * rows.shape[0]) % tuple(rows.ravel().tolist()))
    return {
        # Where a thick curve bends tightly, Mitsuba can crash on a ray that meets its inner side.
        "type": "bsplinecurve" if radii.max() < _CORD_DM else "linearcurve",
        "filename": str(path),
        "bsdf": {
            "type": "principled",
            "base_color": {"type": "rgb", "value": list(strands.colour)},
            "roughness": 0.42,
            "specular": 0.35,
        },
    }
