"""Who a rendered volunteer is: all of her from one seed, and none of it from her skin tone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from chiso.volunteers.anatomy import Share
from chiso.volunteers.chance import about, between, chosen, stream

Colour = tuple[float, float, float]
"""Linear sRGB, 0 to 1."""

HAIR_STYLES: Mapping[str, Mapping[str, float]] = {
    "female": {"short natural": 2, "afro": 2, "cornrows": 2, "braids": 3, "long": 5, "bob": 3,
               "bun": 2, "head wrap": 3, "shaved": 0.7, "short": 1.5},
    "male": {"short natural": 4, "afro": 1, "cornrows": 1, "shaved": 2.5, "bald": 1.5, "short": 5,
             "swept": 2, "receding": 2, "head wrap": 0.6, "long": 0.8},
}  # fmt: skip
HAIR_COLOURS: Mapping[str, Colour] = {
    "black": (0.012, 0.010, 0.009),
    "dark brown": (0.035, 0.022, 0.015),
    "brown": (0.085, 0.048, 0.026),
    "auburn": (0.15, 0.05, 0.022),
    "blond": (0.36, 0.24, 0.12),
    "grey": (0.33, 0.33, 0.34),
}
_HAIR_COLOUR_WEIGHTS = {"black": 9, "dark brown": 5, "brown": 3, "auburn": 1, "blond": 1.5}
_IRIS: Mapping[str, tuple[float, Colour]] = {
    "dark brown": (8, (0.035, 0.016, 0.008)),
    "brown": (5, (0.10, 0.045, 0.017)),
    "hazel": (2, (0.16, 0.10, 0.035)),
    "green": (1, (0.14, 0.17, 0.08)),
    "grey": (1, (0.20, 0.23, 0.25)),
    "blue": (1.5, (0.12, 0.21, 0.33)),
}
_BEARDS = {"none": 8, "stubble": 4, "moustache": 2, "goatee": 2, "short beard": 4, "full beard": 2}

_PAIRS = (("incr", "decr"), ("up", "down"), ("in", "out"), ("forward", "backward"),
          ("convex", "concave"), ("compress", "uncompress"))  # fmt: skip
_OUTLINES = ("head-oval", "head-round", "head-square", "head-diamond", "head-rectangular",
             "head-triangular", "head-invertedtriangular")  # fmt: skip
_EAR_OUTLINES = ("ear-shape-pointed", "ear-shape-round", "ear-shape-square", "ear-shape-triangle")
_SPREADS = (  # by the first that the name contains; the rest at _SPREAD
    ("head-age", 0.0), ("head-fat", 0.35), ("head-trans", 0.0), ("neck-trans", 0.0),
    ("measure-neck-height", 0.2), ("head-angle", 0.15), ("eye-push", 0.15), ("eye-trans-in", 0.3),
    ("eye-bag", 0.3), ("eye-height", 0.35), ("eyefold", 0.4), ("mouth-trans", 0.25),
    ("mouth-scale-depth", 0.25), ("prognathism", 0.25), ("jaw-drop", 0.2), ("septumangle", 0.3),
    ("nose-trans", 0.25), ("cupidsbow", 0.5), ("double", 0.3), ("greek", 0.35),
    ("nostrils-width", 0.45), ("flaring", 0.45), ("nose-width", 0.45),
)  # fmt: skip
_SPREAD = 0.36
_LARGEST = 0.85


@dataclass(frozen=True, slots=True)
class Hair:
    """What grows on her head: style, colour, and numbers in [0, 1] that the style reads."""

    style: str
    colour_name: str
    colour: Colour
    grey_ratio: float
    length: float
    volume: float
    wave: float
    parting: float
    hairline: float
    wrap_colour: Colour


@dataclass(frozen=True, slots=True)
class FaceHair:
    """Brows and beard; numbers in [0, 1] unless they say otherwise."""

    brow_thickness: float
    brow_density: float
    brow_arch: float
    brow_gap: float
    brow_height: float
    lash_length: float
    beard: str
    beard_length: float
    beard_density: float


@dataclass(frozen=True, slots=True)
class SkinDetail:
    """How her skin differs from one even colour, as multiples of whatever pigment it has."""

    freckles: float
    moles: int
    scar: bool
    unevenness: float
    redness: float
    eye_shadow: float
    lip_blood: float
    lip_melanin: float
    pores: float
    lines: float
    oil: float
    pattern: int


@dataclass(frozen=True, slots=True)
class Identity:
    """Everything that stays the same between two photos of her."""

    seed: int
    sex: str
    age_years: int
    shares: tuple[Share, ...]
    hair: Hair
    face_hair: FaceHair
    iris_name: str
    iris: Colour
    skin: SkinDetail

    def traits(self) -> dict[str, str]:
        """What to write beside her photos."""
        return {
            "sex": self.sex,
            "age_years": str(self.age_years),
            "hair": self.hair.style,
            "hair_colour": self.hair.colour_name,
            "beard": self.face_hair.beard,
            "eyes": self.iris_name,
        }


def identity_of(seed: int, shape_names: tuple[str, ...]) -> Identity:
    """The person that a seed stands for, an adult of 18 to 80.

    Args:
        seed: 0 to 2**63 - 1.
        shape_names: the shapes that the head has (`HeadBasis.shapes`), in their order.
    """
    who = stream("who", seed)
    sex = chosen(who, {"female": 1, "male": 1})
    age = int(np.clip(18 + 62 * who.beta(1.2, 2.0), 18, 80))
    face_hair = _face_hair(seed, sex, age)
    iris_name = chosen(who, {name: weight for name, (weight, _) in _IRIS.items()})
    return Identity(
        seed=seed,
        sex=sex,
        age_years=age,
        shares=(*_build(seed, sex, age), *_features(seed, shape_names)),
        hair=_hair(seed, sex, age),
        face_hair=face_hair,
        iris_name=iris_name,
        iris=_IRIS[iris_name][1],
        skin=_skin(seed, age),
    )


def _build(seed: int, sex: str, age: int) -> Iterator[Share]:
    """Shares of the whole-body shapes: a mixture of all the families of faces there are."""
    chance = stream("build", seed)
    kin = chance.dirichlet([0.6, 0.6, 0.6])
    womanly = between(chance, 0.82, 1.0) if sex == "female" else between(chance, 0.0, 0.18)
    old = float(np.clip((age - 25) / 65, 0, 1))
    weight = about(chance, 0.0, 0.4, 0.9)
    muscle = about(chance, 0.0, 0.3, 0.8)
    weights = {"average": 1 - abs(weight), "max" if weight > 0 else "min": abs(weight)}
    muscles = {"average": 1 - abs(muscle), "max" if muscle > 0 else "min": abs(muscle)}
    for sex_name, of_sex in (("female", womanly), ("male", 1 - womanly)):
        for age_name, of_age in (("young", 1 - old), ("old", old)):
            for family, of_family in zip(("african", "asian", "caucasian"), kin, strict=True):
                yield Share(f"{family}-{sex_name}-{age_name}", of_sex * of_age * float(of_family))
            for muscle_name, of_muscle in muscles.items():
                for weight_name, of_weight in weights.items():
                    yield Share(
                        f"universal-{sex_name}-{age_name}-{muscle_name}muscle-{weight_name}weight",
                        of_sex * of_age * of_muscle * of_weight,
                    )


def _features(seed: int, shape_names: tuple[str, ...]) -> Iterator[Share]:
    """Shares of the shapes of each feature; the two sides of a face nearly agree."""
    chance = stream("features", seed)
    known = set(shape_names)
    for name in sorted(known):
        stem, _, end = name.rpartition("-")
        other = dict(_PAIRS).get(end)
        if other is None or f"{stem}-{other}" not in known or name.startswith("r-"):
            continue
        value = about(chance, 0.0, _spread(stem), _LARGEST)
        uneven = about(chance, 0.0, 0.05, 0.12)
        yield _signed(stem, end, other, value)
        mirrored = "r-" + stem.removeprefix("l-")
        if stem.startswith("l-"):
            yield _signed(mirrored, end, other, value + (uneven if value else 0.0))
    yield Share(str(chance.choice(_OUTLINES)), between(chance, 0.0, 0.7))
    yield Share("eyeWideLeft", 0.18)
    yield Share("eyeWideRight", 0.18)
    yield Share("chin-triangle", max(0.0, between(chance, -0.5, 0.7)))
    ear, much = str(chance.choice(_EAR_OUTLINES)), between(chance, 0.0, 0.8)
    yield Share(f"l-{ear}", much)
    yield Share(f"r-{ear}", much)


def _spread(stem: str) -> float:
    return next((spread for part, spread in _SPREADS if part in stem), _SPREAD)


def _signed(stem: str, end: str, other: str, value: float) -> Share:
    return Share(f"{stem}-{end if value >= 0 else other}", abs(value))


def _hair(seed: int, sex: str, age: int) -> Hair:
    chance = stream("hair", seed)
    style = chosen(chance, HAIR_STYLES[sex])
    name = chosen(chance, _HAIR_COLOUR_WEIGHTS)
    grey = float(np.clip((age - 38) / 40 + chance.normal(0, 0.2), 0, 1)) if age > 34 else 0.0
    wrap = chance.uniform(0.0, 1.0, 3) ** 2
    return Hair(
        style=style,
        colour_name="grey" if grey > 0.6 else name,
        colour=HAIR_COLOURS[name],
        grey_ratio=grey,
        length=between(chance, 0, 1),
        volume=between(chance, 0, 1),
        wave=between(chance, 0, 1) ** 1.5,
        parting=between(chance, -1, 1),
        hairline=between(chance, 0, 1),
        wrap_colour=(float(wrap[0]) * 0.6, float(wrap[1]) * 0.5, float(wrap[2]) * 0.6),
    )


def _face_hair(seed: int, sex: str, age: int) -> FaceHair:
    chance = stream("face hair", seed)
    male = sex == "male"
    return FaceHair(
        brow_thickness=between(chance, 0.3, 1.0) if male else between(chance, 0.0, 0.75),
        brow_density=between(chance, 0.35, 1.0),
        brow_arch=between(chance, 0.0, 0.7) if male else between(chance, 0.2, 1.0),
        brow_gap=between(chance, 0.0, 1.0),
        brow_height=between(chance, 0.0, 1.0),
        lash_length=between(chance, 0.2, 0.6) if male else between(chance, 0.5, 1.0),
        beard=chosen(chance, _BEARDS) if male and age > 19 else "none",
        beard_length=between(chance, 0, 1),
        beard_density=between(chance, 0.4, 1.0),
    )


def _skin(seed: int, age: int) -> SkinDetail:
    chance = stream("skin", seed)
    older = (age - 18) / 62
    return SkinDetail(
        freckles=max(0.0, between(chance, -1.2, 1.0)),
        moles=int(chance.poisson(2.5)),
        scar=bool(chance.random() < 0.12),
        unevenness=between(chance, 0.25, 1.0) + 0.3 * older,
        redness=between(chance, 0.2, 1.0),
        eye_shadow=between(chance, 0.1, 1.0),
        lip_blood=between(chance, 0.4, 1.0),
        lip_melanin=between(chance, 0.0, 1.0),
        pores=between(chance, 0.3, 1.0),
        lines=float(np.clip(older * 1.2 + chance.normal(0, 0.12), 0, 1)),
        oil=between(chance, 0.0, 1.0),
        pattern=int(chance.integers(0, 2**31)),
    )
