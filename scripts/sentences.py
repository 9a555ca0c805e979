"""Finds the sentences that Python code says in English: errors, hints, remarks on records.

Errors carry plain text, for the command line and the API speak English alone. Pages translate it
(`chiso.interfaces.speech`), so the list of messages needs every sentence that may reach one. An
f-string is one sentence with blanks: `f"{name!r} is over."` is the message `{name} is over.`
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import IO, Any

Found = tuple[int, None, str, list[str]]

_SENTENCE = re.compile(r"[A-Z{`“/].*[.?!…]", re.DOTALL)
_FEWEST_WORDS = 2


def sentences(
    file: IO[bytes], keywords: object, comment_tags: object, options: Any
) -> Iterator[Found]:
    """Every sentence of a Python file, docstrings left out: a method of extraction for Babel."""
    del keywords, comment_tags, options  # Babel's, and of no use here
    tree = ast.parse(file.read())
    left_out = set(_inside(tree))
    for node in ast.walk(tree):
        if id(node) in left_out:
            continue
        text = _text(node)
        if text is not None and _is_sentence(text):
            yield node.lineno, None, text, []  # type: ignore[attr-defined]


def _inside(tree: ast.AST) -> Iterator[int]:
    """What is no sentence of its own: docstrings, and the parts of an f-string."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            yield id(node.value)
        if isinstance(node, ast.JoinedStr):
            yield from (id(part) for part in node.values)


def _text(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _literal(node.value)
    if isinstance(node, ast.JoinedStr):
        return _template(node.values)
    return None


def _template(parts: Sequence[ast.expr]) -> str:
    taken: list[str] = []
    text = ""
    for part in parts:
        if isinstance(part, ast.FormattedValue):
            name = _unused(_name(part.value), taken)
            taken.append(name)
            text += f"{{{name}}}"
        elif isinstance(part, ast.Constant):
            text += _literal(str(part.value))
    return text


def _literal(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _name(value: ast.expr) -> str:
    """What a blank is called: by the last name in its expression."""
    names = [
        each.attr if isinstance(each, ast.Attribute) else each.id
        for each in ast.walk(value)
        if isinstance(each, (ast.Attribute, ast.Name))
    ]
    return names[0].strip("_").lower() if names else "value"


def _unused(name: str, taken: Sequence[str]) -> str:
    return name if name not in taken else f"{name}_{len(taken) + 1}"


def _is_sentence(text: str) -> bool:
    words = re.findall(r"[^\W\d_]{2,}", re.sub(r"\{\w*\}", "", text))
    return bool(_SENTENCE.fullmatch(text)) and len(words) >= _FEWEST_WORDS
