"""The plain way to a portrait, without relighting: to check the studio against, and never to use.

The studio traces light for three grey skins, and predicts any skin from them pixel by pixel. Here
the skin of one tone is painted onto the mesh, by vertex, and its light is traced: each bounce meets
the colour that is there, in every channel, to the full depth.

What is not light transport is left as it is. The light that the skin sends, beyond what black skin
sends, is divided by the albedo that the same rays met; so it stands where the prediction stands,
linear + a·quadratic, and the same steps follow: the filter, the spread beneath the skin, the same
albedo by pixel, the backdrop, the sensor, JPEG. Without that division the comparison would also
count that paint by vertex is coarser than paint by pixel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from chiso.adapters.studio import stage
from chiso.adapters.studio.opening import SAMPLES, RenderedStudio
from chiso.volunteers.capture import Capture
from chiso.volunteers.complexion import pigments_at
from chiso.volunteers.develop import ToneOfSkin
from chiso.volunteers.exposure import Exposure
from chiso.volunteers.figure import Skin
from chiso.volunteers.identity import Identity

Floats = npt.NDArray[np.float64]

_LEAST_SHARE = 0.02  # of a pixel: with less skin in it, it is painted as her skin at large


@dataclass(frozen=True, slots=True)
class Rays:
    """How light is sampled: rays a pixel, and the sampler's seed, None for the capture's own."""

    samples: int = SAMPLES
    seed: int | None = None


AS_IN_THE_STUDIO = Rays()


def exposed_directly(
    studio: RenderedStudio,
    identity: Identity,
    capture: Capture,
    like: Exposure,
    tones: Sequence[int],
    rays: Rays = AS_IN_THE_STUDIO,
) -> tuple[Exposure, ...]:
    """An exposure for each tone, good for that tone alone, and not filtered.

    Args:
        studio: with the head and the tones.
        identity: who is in the photo.
        capture: which photo.
        like: the studio's own exposure of it: what skin is in which pixel is taken from there.
        tones: 1 to 10 each.
        rays: by default the very rays of the studio, so that grain is the same in both.
    """
    sampled = capture if rays.seed is None else replace(capture, seed=rays.seed)
    figure = studio.figure(identity, capture)
    made = [studio.tone(tone) for tone in tones]
    albedos = [painted_by_vertex(identity, figure.skin, tone) for tone in made]
    size_px = len(like.alpha)
    traced = stage.trace_painted(figure, sampled, size_px, rays.samples, albedos)
    return tuple(_exposure(like, light, tone) for light, tone in zip(traced, made, strict=True))


def painted_by_vertex(identity: Identity, skin: Skin, tone: ToneOfSkin) -> Floats:
    """Her skin's albedo at that tone, (n, 3) linear sRGB, by vertex of her skin."""
    lips, roots = np.clip(skin.lips, 0, 1), np.clip(skin.hair, 0, 1)
    melanin, blood, shade = pigments_at(identity, skin.template, lips, roots)
    return np.asarray(tone.table.albedo(melanin, blood) * shade[:, None], dtype=np.float64)


def _exposure(like: Exposure, light: stage.PaintedLight, tone: ToneOfSkin) -> Exposure:
    fixed, alpha = light.dark[..., :3], light.dark[..., 3]
    share = light.share[..., None]
    at_large = tone.table.albedo(1.0, 1.0).astype(np.float64)
    met = np.where(share > _LEAST_SHARE, light.paint / np.maximum(share, _LEAST_SHARE), at_large)
    return replace(
        like,
        fixed=fixed,
        linear=np.maximum((light.lit - fixed) / met, 0),
        quadratic=np.zeros_like(fixed),
        alpha=np.clip(alpha, 0, 1),
    )
