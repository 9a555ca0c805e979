import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chiso.core.errors import ChisoError, Code
from chiso.services.demo.cast import Volunteer, cast
from chiso.services.demo.group_picture import compose
from chiso.services.demo.traces import SAME_TEMPLATE, Trace, closest_likeness
from chiso.services.enrol import Photo

GENERATOR = np.random.default_rng(1)
TEMPLATE = GENERATOR.normal(size=128).astype(np.float32)
NOISE = GENERATOR.bytes(20_000)


def _volunteers(groups: list[str]) -> list[Volunteer]:
    return [
        Volunteer(f"{number:03}", group, Photo("a", b"a"), Photo("b", b"b"))
        for number, group in enumerate(groups)
    ]


@pytest.mark.parametrize(
    "copy",
    [
        TEMPLATE.astype("<f4").tobytes(),
        (TEMPLATE / np.linalg.norm(TEMPLATE)).astype("<f4").tobytes(),
        (TEMPLATE * -0.01).astype("<f8").tobytes(),
        TEMPLATE.astype("<f2").tobytes(),
        (np.round(TEMPLATE * 40) / 40).astype("<f4").tobytes(),
    ],
    ids=["raw", "unit length", "scaled doubles", "halves", "rounded"],
)
@pytest.mark.parametrize("place", [0, 1, 4099, len(NOISE)])
def test_a_copy_of_a_template_is_found_at_any_scale_precision_and_offset(
    copy: bytes, place: int
) -> None:
    hidden = NOISE[:place] + copy + NOISE[place:]
    assert closest_likeness(TEMPLATE, [NOISE, hidden]) > SAME_TEMPLATE


def test_a_file_without_a_copy_of_the_template_is_not_accused() -> None:
    assert closest_likeness(TEMPLATE, [NOISE, bytes(9000), b"short", b""]) < SAME_TEMPLATE


@given(st.binary(min_size=32, max_size=600), st.integers(0, 500))
def test_a_torn_copy_of_bytes_is_found(content: bytes, tear: int) -> None:
    trace = Trace("secret", content, True)
    torn = {"one": NOISE + content[:tear], "two": content[tear:] + NOISE}
    assert trace.found_in({"whole": NOISE + content}) == len(trace.pieces())
    assert trace.found_in(torn) >= len(trace.pieces()) - 1


def test_what_is_not_there_is_not_found() -> None:
    assert Trace("secret", hashlib.sha256(b"x").digest(), True).found_in({"file": NOISE}) == 0


@given(st.lists(st.sampled_from(["", "a", "b", "c"]), min_size=4, max_size=80))
def test_everyone_has_exactly_one_part_and_the_parts_fit(groups: list[str]) -> None:
    volunteers = _volunteers(groups)
    parts = cast(volunteers)
    assert sorted(each.subject for each in (*parts.enrolled, *parts.strangers)) == [
        each.subject for each in volunteers
    ]
    assert parts == cast(volunteers[::-1])
    assert parts.withdraws in parts.enrolled
    assert parts.withdraws in parts.in_picture
    assert parts.strangers
    assert all(claim.claimed in parts.enrolled for claim in parts.claims)
    assert {claim.is_true for claim in parts.claims} == {True, False}


def test_of_fifty_three_forty_are_enrolled_in_proportion_from_every_group() -> None:
    parts = cast(_volunteers(["white"] * 35 + ["black"] * 7 + ["east"] * 6 + ["west"] * 5))
    assert len(parts.enrolled) == 40
    enrolled_of = {
        group: sum(each.group == group for each in parts.enrolled)
        for group in ("white", "black", "east", "west")
    }
    assert enrolled_of["white"] in (26, 27)
    assert enrolled_of["black"] in (5, 6)
    assert enrolled_of["east"] in (4, 5)
    assert enrolled_of["west"] in (3, 4)


def test_three_people_cannot_tell_the_story() -> None:
    with pytest.raises(ChisoError) as caught:
        cast(_volunteers(["a", "a", "b"]))
    assert caught.value.code is Code.DATA_MISSING


@pytest.mark.parametrize("people", [4, 5, 8, 17, 18])
def test_a_group_picture_has_a_place_for_everyone_within_its_width(people: int) -> None:
    portraits = [np.full((60, 80, 3), 10 * n, np.uint8) for n in range(people)]
    picture = compose(portraits)
    assert picture.content.startswith(b"\xff\xd8")
    assert len(picture.places) == people
    assert len({(place.x, place.y) for place in picture.places}) == people
