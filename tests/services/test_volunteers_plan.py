"""What is rendered: seeds, tones and names, before anything renders them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chiso.core.errors import ChisoError, Code
from chiso.services.tone_audit.design import Design
from chiso.services.volunteers.plan import ChipPlan, PhotoPlan, size_for
from chiso.volunteers.capture import capture_of
from chiso.volunteers.portraits import TONES, derived_seed

PHOTOS = PhotoPlan(seed=7, people=4, captures=3, tones=(1, 5, 10), one_tone=False, size_px=256)
CHIPS = ChipPlan(
    seed=7,
    people=50,
    captures=20,
    tones=TONES,
    tones_per_capture=2,
    chip_px=150,
    per_shard=100,
    size_px=256,
)


def test_seeds_are_derived_from_the_number_given_and_the_place() -> None:
    second = list(PHOTOS.sittings())[4]
    assert (second.person_number, second.capture_number) == (2, 2)
    assert second.person == derived_seed("person", 7, 1)
    assert second.capture == derived_seed("capture", 7, 1, 1)


def test_every_photo_has_a_name_of_its_own_that_begins_with_its_subject() -> None:
    names = [PHOTOS.photo(each, tone) for each in PHOTOS.sittings() for tone in each.tones]
    assert len(set(names)) == len(names) == PHOTOS.count == 36
    assert sorted(names)[:2] == ["001_tone01_01.jpg", "001_tone01_02.jpg"]


def test_one_tone_gives_each_person_the_next_tone_of_the_list() -> None:
    plan = replace(PHOTOS, one_tone=True)
    tones = {each.person_number: each.tones for each in plan.sittings()}
    assert tones == {1: (1,), 2: (5,), 3: (10,), 4: (1,)}
    assert plan.count == 12


def test_the_faces_of_a_plan_are_in_every_larger_plan() -> None:
    few = {PHOTOS.photo(each, each.tones[0]): each for each in PHOTOS.sittings()}
    larger = replace(PHOTOS, people=9, captures=8)
    many = {larger.photo(each, each.tones[0]): each for each in larger.sittings()}
    assert few.items() <= many.items()


def test_each_person_is_seen_at_every_tone_and_no_tone_is_favoured() -> None:
    seen: Counter[int] = Counter()
    for person in range(CHIPS.people):
        tones = [CHIPS.sitting(person * CHIPS.captures + each).tones for each in range(20)]
        assert all(len(set(each)) == 2 for each in tones)
        hers = Counter(chain.from_iterable(tones))
        assert len(hers) >= 8
        assert max(hers.values()) <= 14
        seen += hers
    # 2,000 drawn: 200 of each tone, with a standard deviation of 12.6.
    assert all(150 <= seen[tone] <= 250 for tone in TONES)


def test_tones_do_not_depend_on_the_order_in_which_they_are_listed() -> None:
    turned = replace(CHIPS, tones=TONES[::-1])
    assert [turned.sitting(each) for each in range(40)] == [
        CHIPS.sitting(each) for each in range(40)
    ]


@given(st.integers(1, 30), st.integers(1, 9), st.integers(1, 4), st.integers(4, 50))
def test_shards_hold_every_sitting_once_and_no_more_chips_than_asked(
    people: int, captures: int, tones: int, per_shard: int
) -> None:
    plan = replace(
        CHIPS, people=people, captures=captures, tones_per_capture=tones, per_shard=per_shard
    )
    shards = [plan.shard(each) for each in range(plan.shards)]
    assert list(chain.from_iterable(shards)) == list(range(people * captures))
    assert all(0 < len(each) * tones <= per_shard for each in shards)


@pytest.mark.parametrize(
    ("chip_px", "size_px"), [(150, 256), (112, 192), (32, 64), (300, 512), (512, 880)]
)
def test_a_portrait_is_as_large_as_its_chip_needs(chip_px: int, size_px: int) -> None:
    assert size_for(chip_px) == size_px


@pytest.mark.parametrize(
    "wrong",
    [
        {"people": 0},
        {"captures": 0},
        {"tones": ()},
        {"tones": (0,)},
        {"tones": (11,)},
        {"tones": (5, 5)},
        {"size_px": 63},
        {"size_px": 2049},
    ],
    ids=str,
)
def test_a_plan_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ChisoError) as caught:
        replace(PHOTOS, **wrong)  # type: ignore[arg-type]
    assert caught.value.code is Code.BAD_ARGUMENT


@pytest.mark.parametrize(
    "wrong",
    [
        {"people": 0},
        {"tones": (5, 5)},
        {"tones_per_capture": 0},
        {"tones_per_capture": 11},
        {"chip_px": 31},
        {"chip_px": 513},
        {"size_px": 63},
        {"per_shard": 1},
    ],
    ids=str,
)
def test_a_plan_of_chips_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ChisoError) as caught:
        replace(CHIPS, **wrong)  # type: ignore[arg-type]
    assert caught.value.code is Code.BAD_ARGUMENT


def test_posed_captures_come_first_and_face_the_camera_in_good_light() -> None:
    plan = PhotoPlan(seed=7, people=6, captures=3, tones=(5,), one_tone=False, size_px=64, posed=2)
    for sitting in plan.sittings():
        capture = capture_of(sitting.capture)
        if sitting.capture_number <= 2:
            assert capture.light.kind in ("studio", "window")
            assert abs(capture.yaw_deg) <= 12
            assert capture.glasses == "none"
    free = [each.capture for each in plan.sittings() if each.capture_number == 3]
    unposed = PhotoPlan(seed=7, people=6, captures=3, tones=(5,), one_tone=False, size_px=64)
    assert free == [each.capture for each in unposed.sittings() if each.capture_number == 3]


def test_whom_chips_show_is_in_no_photo_and_no_audit_of_any_size() -> None:
    learners = {CHIPS.sitting(place).person for place in range(CHIPS.people * CHIPS.captures)}
    photographed = {derived_seed("person", CHIPS.seed, i) for i in range(5000)}
    audited = {Design(CHIPS.seed, 40, 6, 256).person_seed(i) for i in range(40)}
    assert len(learners) == CHIPS.people
    assert not learners & (photographed | audited)


def test_more_posed_captures_than_captures_are_refused() -> None:
    with pytest.raises(ChisoError, match="--posed"):
        PhotoPlan(seed=7, people=1, captures=2, tones=(5,), one_tone=False, size_px=64, posed=3)
