"""What a browser checks of an entry is the log's proof: one that does not hold is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from tests.serve.processes import server

from chiso import wiring
from chiso.core.consent import Mode
from chiso.services.enrol import Agreement, Enrolled, Photo, enrol
from chiso.services.people import documents_about

_VERIFY = """async ([leaf, key]) => {
  const { verifyLeaf } = await import("/static/proof.js");
  return verifyLeaf(leaf, key);
}"""
_Leaf = dict[str, Any]


def _other(text: str) -> str:
    """The text with its last letter but one changed to another of the same alphabet."""
    return text[:-2] + ("0" if text[-2] != "0" else "1") + text[-1]


_CHANGES: dict[str, tuple[str, Callable[[_Leaf], _Leaf]]] = {
    "what it says": ("payload", lambda leaf: leaf | {"payload": leaf["payload"] + " "}),
    "its salt": ("payload", lambda leaf: leaf | {"salt": _other(leaf["salt"])}),
    "its hash": ("payload", lambda leaf: leaf | {"leaf_hash": _other(leaf["leaf_hash"])}),
    "its place": ("path", lambda leaf: leaf | {"seq": leaf["seq"] - 1}),
    "a step": (
        "path",
        lambda leaf: leaf | {"inclusion": [*leaf["inclusion"][:-1], _other(leaf["inclusion"][-1])]},
    ),
    "a step less": ("path", lambda leaf: leaf | {"inclusion": leaf["inclusion"][:-1]}),
    "the log's name": (
        "signature",
        lambda leaf: leaf | {"checkpoint": leaf["checkpoint"].replace("chiso/", "chiso/x", 1)},
    ),
    "the signature": (
        "signature",
        lambda leaf: (
            leaf | {"checkpoint": leaf["checkpoint"][:-9] + "AAAA" + leaf["checkpoint"][-5:]}
        ),
    ),
}


@pytest.fixture(scope="module")
def proved(
    tmp_path_factory: pytest.TempPathFactory, built_models: Path, london: Path, browser: Browser
) -> Iterator[tuple[Page, list[_Leaf], str]]:
    """A page of a served home, a person's leaves with their proofs, and the log's key."""
    directory = tmp_path_factory.mktemp("proved") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHISO_MODELS", str(built_models))
        patch.delenv("CHISO_OPERATOR_KEY", raising=False)
        home, _ = wiring.make_home(directory, "Mbare Clinic", "offline")
        ends = datetime(2099, 1, 1, tzinfo=UTC)
        agreement = Agreement("001", "clinic door", frozenset(Mode), ends, "0" * 64)
        photo = Photo("001", (london / "001_neutral.jpg").read_bytes())
        done = enrol(home, agreement, [photo])
        assert isinstance(done, Enrolled)
        told = json.loads(documents_about(home, done.subject_id)["log.json"])
        home.store.close()
        with server(directory, built_models) as served:
            page = browser.new_page()
            page.goto(served.url + "/sign-in")
            yield page, told["leaves"], told["public_key"]
            page.close()


def test_every_entry_of_hers_holds(proved: tuple[Page, list[_Leaf], str]) -> None:
    page, leaves, key = proved
    assert len(leaves) > 1
    for leaf in leaves:
        assert page.evaluate(_VERIFY, [leaf, key]) == {"ok": True, "why": None}


@pytest.mark.parametrize("changed", list(_CHANGES))
def test_an_entry_in_which_anything_was_changed_is_refused(
    proved: tuple[Page, list[_Leaf], str], changed: str
) -> None:
    page, leaves, key = proved
    step, change = _CHANGES[changed]
    assert page.evaluate(_VERIFY, [change(leaves[-1]), key]) == {"ok": False, "why": step}


def test_an_entry_of_another_log_is_refused(proved: tuple[Page, list[_Leaf], str]) -> None:
    page, leaves, _ = proved
    another = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="  # RFC 8032 §7.1, test 1
    verdict = page.evaluate(_VERIFY, [leaves[-1], another])
    assert verdict == {"ok": False, "why": "signature"}
