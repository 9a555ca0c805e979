"""A seed is one person, whole, of every kind, and none of her comes from her skin tone."""

from __future__ import annotations

import inspect
from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from chiso.volunteers import capture, identity
from chiso.volunteers.capture import LIGHTS, capture_of
from chiso.volunteers.identity import HAIR_STYLES, identity_of
from chiso.volunteers.portraits import derived_seed

SHAPES = (
    "nose-scale-horiz-decr", "nose-scale-horiz-incr", "l-eye-scale-decr", "l-eye-scale-incr",
    "r-eye-scale-decr", "r-eye-scale-incr", "head-age-decr", "head-age-incr",
)  # fmt: skip
SEEDS = st.integers(0, 2**63 - 1)


@given(SEEDS)
def test_the_same_seed_is_the_same_person(seed: int) -> None:
    assert identity_of(seed, SHAPES) == identity_of(seed, SHAPES)


@given(SEEDS)
def test_everyone_is_an_adult(seed: int) -> None:
    assert 18 <= identity_of(seed, SHAPES).age_years <= 80


@given(SEEDS)
def test_shares_of_the_whole_head_add_up_to_one(seed: int) -> None:
    shares = identity_of(seed, SHAPES).shares
    kin = sum(
        s.weight for s in shares if s.shape.split("-")[0] in ("african", "asian", "caucasian")
    )
    build = sum(s.weight for s in shares if s.shape.startswith("universal-"))
    assert np.isclose(kin, 1)
    assert np.isclose(build, 1)


@given(SEEDS)
def test_both_eyes_are_of_nearly_one_size(seed: int) -> None:
    size = {s.shape[0]: s.weight * (1 if s.shape.endswith("incr") else -1)
            for s in identity_of(seed, SHAPES).shares if "eye-scale" in s.shape}  # fmt: skip
    assert abs(size["l"] - size["r"]) <= 0.12 + 1e-9


def test_nothing_about_a_person_or_a_photo_is_told_a_skin_tone() -> None:
    for module in (identity, capture):
        for name, function in inspect.getmembers(module, inspect.isfunction):
            assert "tone" not in inspect.signature(function).parameters, name


def test_every_style_light_and_both_sexes_occur() -> None:
    people = [identity_of(derived_seed("person", 9, i), SHAPES) for i in range(900)]
    styles = Counter(each.hair.style for each in people)
    assert set(styles) == {style for of_sex in HAIR_STYLES.values() for style in of_sex}
    assert 0.45 < sum(each.sex == "female" for each in people) / 900 < 0.55
    beards = {each.sex for each in people if each.face_hair.beard != "none"}
    assert beards == {"male"}
    photos = [capture_of(derived_seed("capture", 9, i)) for i in range(400)]
    assert {each.light.kind for each in photos} == set(LIGHTS)
    assert 0.02 < sum(each.cap for each in photos) / 400 < 0.12
    assert {each.glasses for each in photos} == {"none", "round", "square"}


def test_the_shape_of_a_face_spans_all_three_families_of_the_template() -> None:
    most: Counter[str] = Counter()
    for i in range(300):
        weights: dict[str, float] = {}
        for share in identity_of(derived_seed("person", 4, i), SHAPES).shares:
            family = share.shape.split("-")[0]
            if family in ("african", "asian", "caucasian"):
                weights[family] = weights.get(family, 0.0) + share.weight
        most[max(weights, key=lambda name: weights[name])] += 1
    assert min(most.values()) > 60
