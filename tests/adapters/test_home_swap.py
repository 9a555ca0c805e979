"""A home put in the place of another, cut off at each step: one of the two is there, whole."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from chiso.adapters.home_swap import settle_swap, swap_in

FORMER = {
    "home.json": "former",
    "log.note": "former",
    "operator.key": "former",
    "store.sqlite3": "former",
    "store.sqlite3-wal": "former",
    "store.sqlite3-shm": "former",
    "keystore.sqlite3": "former",
    "form.pdf": "hers",
}
RESTORED = {
    "home.json": "restored",
    "log.note": "restored",
    "operator.key": "restored",
    "store.sqlite3": "restored",
    "keystore.sqlite3": "restored",
}
AFTER = RESTORED | {"form.pdf": "hers"}
STEPS = ("rename", "replace", "unlink", "rmdir", "mkdir", "fsync", "link")


class PowerCutError(BaseException):
    """Stands for the process ending here: nothing catches it."""


@contextmanager
def _power_for(steps: int) -> Iterator[None]:
    """Let so many calls that change a folder happen, and none after them."""
    left = iter(range(steps))

    def only_with_power(call: Callable[..., object]) -> Callable[..., object]:
        def does(*given: object, **named: object) -> object:
            if next(left, None) is None:
                raise PowerCutError
            return call(*given, **named)

        return does

    with pytest.MonkeyPatch.context() as patch:
        for name in STEPS:
            patch.setattr(os, name, only_with_power(getattr(os, name)))
        yield


def _cut_after(steps: int, act: Callable[..., object], *given: Path) -> bool:
    """Do it until the power goes; whether it went."""
    try:
        with _power_for(steps):
            act(*given)
    except PowerCutError:
        return True
    return False


def _write(folder: Path, files: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_text(content)


def _files(folder: Path) -> dict[str, str]:
    return {each.name: each.read_text() for each in folder.iterdir() if each.is_file()}


def _two_homes(folder: Path) -> tuple[Path, Path]:
    """A home as it is in a folder, and one made to take its place."""
    _write(folder / "home", FORMER)
    _write(folder / "home" / ".restoring" / "made", RESTORED)
    return folder / "home" / ".restoring" / "made", folder / "home"


def test_a_home_takes_the_place_of_another(tmp_path: Path) -> None:
    made, home = _two_homes(tmp_path)
    swap_in(made, home)
    assert _files(home) == AFTER
    assert not (home / ".before-restore").exists()


def test_cut_off_at_any_step_one_of_the_two_is_whole_once_the_home_is_opened(
    tmp_path: Path,
) -> None:
    ended = set[str]()
    for steps in count():
        made, home = _two_homes(tmp_path / str(steps))
        was_cut = _cut_after(steps, swap_in, made, home)
        settle_swap(home)
        there = _files(home)
        assert there in (FORMER, AFTER), steps
        assert not (home / ".before-restore").exists()
        ended.add(there["home.json"])
        if not was_cut:
            break
    assert steps > len(FORMER) + len(RESTORED)
    assert ended == {"former", "restored"}


def test_cut_off_again_at_any_step_of_putting_it_right_nothing_is_lost(tmp_path: Path) -> None:
    for steps in count():
        was_cut = False
        for again in count():
            made, home = _two_homes(tmp_path / f"{steps}-{again}")
            was_cut = _cut_after(steps, swap_in, made, home)
            was_cut_again = _cut_after(again, settle_swap, home)
            settle_swap(home)
            assert _files(home) in (FORMER, AFTER), (steps, again)
            if not was_cut_again:
                break
        if not was_cut:
            break
    assert steps > len(FORMER) + len(RESTORED)
