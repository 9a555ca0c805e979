"""Notices: templates until the operator writes her own, no HTML from Markdown, texts that stay."""

from __future__ import annotations

import hashlib
import json

import pytest
from tests.serve.console import Console

from chiso.consent.retention import Rule, parse_period
from chiso.core.access import Role
from chiso.interfaces.console.markdown import html_of
from chiso.interfaces.console.notices import shown_notice
from chiso.services import notices, retention

PURPOSE = "clinic door"
WRITE = f"/settings/notices/write?purpose={PURPOSE}&language="


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("# One", "<h2>One</h2>"),
        ("## Two\nand a line", "<h3>Two</h3>\n<p>and a line</p>"),
        ("a **b** c *d* e_f_g", "<p>a <b>b</b> c <em>d</em> e_f_g</p>"),
        ("- a\n  b\n- c", "<ul><li>a b</li><li>c</li></ul>"),
        ("so:\n1. a\n2. b", "<p>so:</p>\n<ol><li>a</li><li>b</li></ol>"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
        ("- <img src=x onerror=y>", "<ul><li>&lt;img src=x onerror=y&gt;</li></ul>"),
        ("# <b>", "<h2>&lt;b&gt;</h2>"),
        ('**<i x="y">**', "<p><b>&lt;i x=&#34;y&#34;&gt;</b></p>"),
        ("[a](javascript:b) ![c](d)", "<p>[a](javascript:b) ![c](d)</p>"),
        ("{{ caller }} {0}", "<p>{{ caller }} {0}</p>"),
        ("", ""),
    ],
)
def test_markdown_becomes_a_few_elements_and_no_html_passes(typed: str, shown: str) -> None:
    assert html_of(typed) == shown


def test_a_template_says_that_it_is_one_until_the_operator_saves_her_own(
    console: Console,
) -> None:
    console.sign_in(Role.ADMIN)
    before = console.get(WRITE + "sn").text
    assert "TEMPLATE: adapt before use" in before
    assert "No native speaker has checked" in before
    assert "Mbare Clinic" in before
    assert "No native speaker has checked" not in console.get(WRITE + "en").text
    fields = {"purpose": PURPOSE, "language": "sn", "text": "Tinochengeta *nhamba*.\r\n"}
    assert console.post("/settings/notices", **fields).status_code == 303
    after = console.get(WRITE + "sn").text
    assert "TEMPLATE" not in after
    assert "<em>nhamba</em>" in after


def test_the_log_tells_of_a_notice_and_its_text_stays_when_another_is_used(
    console: Console,
) -> None:
    console.sign_in(Role.ADMIN)
    texts = ("The first.\n", "The second.\n")
    for text in texts:
        console.post("/settings/notices", purpose=PURPOSE, language="en", text=text)
    home = console.service.home
    assert shown_notice(home, PURPOSE, "en").text == texts[1]
    digests = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
    for text, digest in zip(texts, digests, strict=True):
        assert console.get(f"/settings/notices/text/{digest}").text == text
    with home.store.reading() as view:
        said = [json.loads(payload.body) for payload in view.payloads()]
    told = [each["value"] for each in said if each.get("setting") == "notices"]
    assert [json.loads(value)[0]["sha256"] for value in told] == digests
    assert console.get("/settings/notices/text/" + "0" * 64).status_code == 404


def test_a_notice_that_is_empty_or_too_long_is_refused_and_what_was_typed_is_kept(
    console: Console,
) -> None:
    console.sign_in(Role.ADMIN)
    long = "x" * (notices.MOST_CHARACTERS + 1)
    for text in ("  ", long):
        answer = console.post("/settings/notices", purpose=PURPOSE, language="en", text=text)
        assert answer.status_code == 400
        assert text.strip() in answer.text
    assert notices.notices(console.service.home) == []


def test_how_a_notice_would_read_is_shown_without_saving_it(console: Console) -> None:
    console.sign_in(Role.ADMIN)
    answer = console.post(
        "/settings/notices", purpose=PURPOSE, language="en", text="**So**", look="1"
    )
    assert "<b>So</b>" in answer.text
    assert notices.notices(console.service.home) == []


def test_the_list_says_which_purposes_have_a_notice_of_the_operator_s_own(
    console: Console,
) -> None:
    home = console.service.home
    retention.set_rule(home, Rule("gate", None, parse_period("1y"), None))
    notices.save_notice(home, PURPOSE, "nd", "Isaziso.")
    console.sign_in(Role.AUDITOR)
    listed = console.get("/settings/notices").text
    assert listed.count("the template") == 5  # two purposes, three languages, one written
    assert listed.count("your own") == 1
    assert "/write" not in listed
    assert console.post("/settings/notices", purpose="p", language="en").status_code == 403


def test_a_language_tag_names_no_file(console: Console) -> None:
    console.sign_in(Role.ADMIN)
    for tag in ("../../x", "..%2Fen"):
        assert console.get(WRITE + tag).status_code == 400
    assert "TEMPLATE" not in console.get(WRITE + "EN").text
