"""A browser at the console: it sends what browsers send, and signs in as whom a test asks for."""

from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser

from fastapi.testclient import TestClient
from httpx import Response

from chiso.core.access import Role
from chiso.services.access.accounts import Invited, accept, invite
from chiso.services.access.keys import machine_operator
from chiso.services.serving.service import Service

PASSWORD = "four words that differ"
BROWSER = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}


@dataclass(frozen=True, slots=True)
class Console:
    """A served home, and a browser that opens its pages."""

    service: Service
    client: TestClient

    def get(self, path: str) -> Response:
        """Open a page, and follow where it leads."""
        answer: Response = self.client.get(path, headers=BROWSER)
        return answer

    def post(self, path: str, **fields: str | list[str]) -> Response:
        """Send a form, and do not follow where it leads."""
        answer: Response = self.client.post(
            path, data=fields, headers=BROWSER, follow_redirects=False
        )
        return answer

    def invited(self, role: Role) -> Invited:
        """A link that makes an account."""
        return invite(self.service.home, machine_operator(self.service.home), role)

    def account(self, role: Role, name: str = "Tendai") -> str:
        """Make an account with `PASSWORD`; returns its name."""
        token = self.invited(role).path.rsplit("/", 1)[1]
        home, credentials = self.service.home, self.service.credentials
        return accept(home, credentials, token, name, PASSWORD).name

    def sign_in(self, role: Role, name: str = "Tendai") -> Response:
        """Make an account of this role, and sign in."""
        return self.post("/sign-in", name=self.account(role, name), password=PASSWORD)


class Page(HTMLParser):
    """What a test asks of a page: elements, by tag."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element."""
        self.elements.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every element with this tag."""
        return [attrs for name, attrs in self.elements if name == tag]
