"""A fairness report's page as a reader walks it: tags, rows of its tables, and its words."""

from __future__ import annotations

from html.parser import HTMLParser

from chiso.interfaces.fairness_report.documents import write_report
from chiso.services.audit.report import AuditReport


class Page(HTMLParser):
    """Every tag with its attributes, every table row with its cells' text, and all text."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._text: list[str] = []
        self._rows: list[list[str]] = []
        self._is_in_cell = False
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self._rows.append([])
        elif tag in ("th", "td"):
            self._rows[-1].append("")
            self._is_in_cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("th", "td"):
            self._is_in_cell = False

    def handle_data(self, data: str) -> None:
        self._text.append(data)
        if self._is_in_cell:
            self._rows[-1][-1] += data

    @property
    def text(self) -> str:
        return plain("".join(self._text))

    @property
    def rows(self) -> list[tuple[str, ...]]:
        return [tuple(plain(cell) for cell in row) for row in self._rows]

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def plain(text: str) -> str:
    """The words, a single space between each two."""
    return " ".join(text.split())


def page_of(audit: AuditReport) -> Page:
    return Page(write_report(audit)["report.html"].decode())
