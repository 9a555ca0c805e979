"""Words that templates translate though they come from elsewhere: roles, states, verdicts."""

from __future__ import annotations


def marked(text: str) -> str:
    """`text`, which a template translates: the list of messages is made from such marks."""
    return text


WORDS = (
    marked("admin"),
    marked("enroller"),
    marked("verifier"),
    marked("auditor"),
    marked("subject"),
    marked("in force"),
    marked("withdrawn"),
    marked("expired"),
    marked("inactive"),
    marked("not begun"),
    marked("pass"),
    marked("fail"),
    marked("undecided"),
    marked("lost"),
    marked("stolen"),
    marked("replaced"),
    marked("returned"),
    marked("restored"),
)
