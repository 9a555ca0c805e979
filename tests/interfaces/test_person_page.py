"""A person's own page says what her export holds, harmlessly, and loads nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest

from chiso.interfaces.person_page.page import render
from chiso.interfaces.person_page.words import what_happened

_AT = "2026-11-25T10:00:00Z"
_NOTE = "chiso/home\n7\nroot\n\n— chiso/home signature\n"
_MADE = datetime(2026, 11, 25, tzinfo=UTC)
_HARM = 'Rudo <script>alert("x")</script>'


def _export(subject: str, agreement: dict[str, Any] | None = None, **said: Any) -> dict[str, bytes]:
    receipt: dict[str, Any] = {
        "header": {"receipt_id": "r-1", "issued": _AT},
        "parties": {"subject": subject, "guardian": None},
        "processing": {
            "purpose": "clinic door",
            "modes": ["identify"],
            "granted": _AT,
            "expires": "2028-01-01T00:00:00Z",
        },
        "withdrawal": "Ask at any desk.",
    }
    ends = receipt["processing"]["expires"]
    held = {"receipt": receipt, "withdrawn": None, "state": "in force", "ends": ends}
    held |= agreement or {}
    reference = {"receipt": "r-1", "model": "a" * 64, "added": _AT, "stored_bytes": 540}
    leaf = {"seq": 5, "payload": json.dumps({"at": _AT, **said}), "checkpoint": _NOTE}
    log = {"origin": "chiso/home", "public_key": "key", "leaves": [leaf], "hers_alone": 0}
    documents = {"receipts.json": [held], "references.json": [reference], "log.json": log}
    return {name: json.dumps(each).encode() for name, each in documents.items()}


def _page(said: dict[str, Any] | None = None, **agreement: Any) -> str:
    documents = _export("Rudo", agreement, **(said or _identified()))
    return render(documents, "Mbare Clinic", "Rudo", _MADE)


def _identified(**more: Any) -> dict[str, Any]:
    facts = {"type": "identified", "purpose": "clinic door", "references": 20, "rank": 1}
    return {**facts, "decision": "match", **more}


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def _tags(page: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = _Tags()
    parser.feed(page)
    return parser.found


def _rendered(subject: str = "Rudo", **said: Any) -> str:
    documents = _export(subject, **(said or _identified()))
    return render(documents, "Mbare Clinic", subject, _MADE)


def test_a_name_that_holds_a_script_is_only_a_name() -> None:
    page = _rendered(_HARM)
    assert "script" not in {tag for tag, _ in _tags(page)}
    assert "Rudo &lt;script&gt;" in page


def test_a_purpose_or_asker_that_holds_markup_is_only_text() -> None:
    page = _rendered(**_identified(purpose="<img src=x>", asked_by="<b>desk</b>"))
    assert not {"img", "b"} & {tag for tag, _ in _tags(page)}
    assert "&lt;img src=x&gt;" in page
    assert "Who asked: &lt;b&gt;desk" in page


def test_the_page_loads_nothing_and_links_only_within_itself() -> None:
    for tag, given in _tags(_rendered()):
        assert "src" not in given, tag
        assert (given.get("href") or "#").startswith("#"), tag


def test_the_page_has_landmarks_one_first_heading_and_headers_for_each_column() -> None:
    tags = _tags(_rendered())
    names = [tag for tag, _ in tags]
    assert [names.count(each) for each in ("main", "header", "nav", "footer", "h1")] == [1] * 5
    assert all(given.get("scope") in ("col", "row") for tag, given in tags if tag == "th")


def test_the_page_says_who_was_searched_for_what_and_who_asked() -> None:
    page = _rendered(**_identified(asked_by="front desk"))
    assert "among 20 sets of face numbers, and you were named" in page
    assert "For: clinic door. Who asked: front desk." in page
    assert "1 set of numbers made from your face, and no photo" in page
    assert "Ask at any desk." in page


def test_an_event_of_a_newer_version_is_named_and_not_guessed_at() -> None:
    assert "no words for: tickled" in what_happened({"type": "tickled"})


def test_what_a_purge_erased_ended_when_its_time_was_up_and_not_when_the_purge_ran() -> None:
    page = _page(state="expired", withdrawn="2028-01-04T09:00:00Z")
    assert "<dt>Ended</dt><dd>1 January 2028</dd>" in page
    assert "<dt>Erased</dt><dd>4 January 2028</dd>" in page
    assert "Your face was used" in page
    assert "Ask at any desk." not in page


def test_what_is_over_and_not_yet_erased_says_what_is_still_held() -> None:
    page = _page(state="expired")
    assert "1 set of face numbers, to be erased" in page
    assert "Ask at any desk." in page


def test_an_agreement_that_a_rule_ends_earlier_tells_both_days() -> None:
    page = _page(ends="2027-01-01T00:00:00Z")
    assert "1 January 2027; you agreed until 1 January 2028, but Mbare Clinic" in page


@pytest.mark.parametrize(
    ("cause", "sentence"),
    [
        ({}, "You withdrew an agreement: 1 set of face numbers that rested on it was erased."),
        ({"cause": "expired"}, "An agreement’s time was up: 1 set"),
        ({"cause": "inactive"}, "because your face was not recognised for a long time: 1 set"),
    ],
)
def test_the_log_s_entry_of_an_ending_says_why_and_for_what(
    cause: dict[str, str], sentence: str
) -> None:
    said = {"type": "receipt-withdrawn", "references": 1, **cause}
    page = _page(said, withdrawn=_AT, state="withdrawn")
    assert sentence in page
    assert "For: clinic door." in page
