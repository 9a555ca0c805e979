"""A home with something on every page of the console, and who may look at it."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

from tests.serve.matrix_pages import PAGES, REST
from tests.serve.processes import Served

from chiso import wiring, wiring_serve
from chiso.core.access import Role
from chiso.core.consent import Mode
from chiso.interfaces.card_picture.picture import CardWords, Format, card_picture
from chiso.services import thresholds
from chiso.services.access import accounts, keys, links, sessions
from chiso.services.cards.issue import NewCard, issue_from_photo
from chiso.services.enrol import Agreement, Enrolled, Photo, enrol
from chiso.services.home import Home
from chiso.services.log_checkpoints import checkpoint
from chiso.services.notices import save_notice
from chiso.services.people import receipts, subjects
from chiso.services.serving.service import ServiceSettings

PASSWORD = "four words that differ"
PURPOSE = "clinic door"
OTHER_PURPOSE = "staff canteen"
STATION = "front door"
NAMES = {"001": "Rudo Marufu", "003": "Tariro N.", "005": "Farai Chikomo-Nyamweda"}
"""What volunteers of the London photos are called here, by their numbers."""
CARRIER = ("006", "Chipo D.")
"""A volunteer who carries her template on a card: none is held here, so no search finds her."""

Visitor = Role | str | None
"""Who looks: someone with a role, a station's screen by its name, or nobody who signed in."""
TWO_PURPOSES = "a station of two purposes"
VISITORS: tuple[Visitor, ...] = (None, Role.ADMIN, Role.VERIFIER, Role.SUBJECT, TWO_PURPOSES)
"""Who, together, can open every page."""
_ENDS = datetime(2099, 1, 1, tzinfo=UTC)
_NOT_PAGES = frozenset(
    (
        "GET /audits/progress",
        "GET /audits/{seq}/report",  # shown in a frame of the audit's page
        "GET /enrol/done",
        "GET /enrol/form",
        "GET /enrol/photos",
        "GET /language/{code}",
        "GET /log/certificates/{seq}",
        "GET /log/checkpoints/{size}",
        "GET /me/log.json",
        "GET /settings/notices/text/{sha256}",
        "GET /static/{name:path}",
    )
)
"""What is downloaded or read by a script, or leads on to another page."""
_ADDRESSES = {
    "/enrol/agreement": "/enrol/agreement?language=en&purpose=clinic+door&notice={notice}",
    "/enrol/notice": "/enrol/notice?language=en&purpose=clinic+door",
    "/me/{token}": "/me/{link}",
    "/me/{token}/withdraw": "/me/{link}/withdraw",
    "/settings/notices/write": "/settings/notices/write?purpose=clinic+door&language=en",
    "/settings/retention": "/settings/retention?purpose=clinic+door&default=P1Y",
    "/thresholds/use": "/thresholds/use?record={record}",
}
"""Where pages need more than their path has, or another value than others of that name."""
_PATIENCE_S = 120


@dataclass(frozen=True, slots=True)
class Site:
    """A home that can be served, and what a browser needs to open its pages."""

    home: Path
    values: Mapping[str, str]
    """What stands in the paths of pages."""
    cookies: Mapping[Visitor, str]
    station_key: str
    card: bytes
    """A picture of the card of `CARRIER`."""

    def paths(self, visitor: Visitor) -> list[str]:
        """The pages that this visitor may open."""
        if visitor in (STATION, TWO_PURPOSES):
            return ["/kiosk"]
        if visitor is Role.SUBJECT:
            change = "/me/change{}?receipt={receipt}&mode=verify&end=2098-06-30"
            changes = [change.format(step, **self.values) for step in ("", "/sure")]
            return ["/me", *changes, "/me/withdraw", "/nowhere"]
        routes = [route for route in PAGES if route.startswith("GET ") and route not in _NOT_PAGES]
        allowed = [route for route in routes if _may(visitor, PAGES[route])]
        return [*(_asked(route).format_map(self.values) for route in allowed), "/nowhere"]


def _asked(route: str) -> str:
    path = route.removeprefix("GET ")
    return _ADDRESSES.get(path, path)


def _may(visitor: Visitor, roles: frozenset[Role] | None) -> bool:
    if visitor is None:
        return roles is None
    return roles is not None and visitor in roles


def make_site(folder: Path, london: Path) -> Site:
    """Make a home in this folder: people, accounts of every role, a station, a log to look at."""
    wiring.make_home(folder, "Mbare Clinic", "offline")[0].store.close()
    service = wiring_serve.open_service(folder, ServiceSettings(), is_secure=False)
    home = service.home
    for number in NAMES:
        enrol_volunteer(home, london, number)
    card = _card_of_carrier(home, london)
    operator = keys.machine_operator(home)
    cookies: dict[Visitor, str] = {}
    for role in Role:
        if role is not Role.SUBJECT:
            token = _last(accounts.invite(home, operator, role).path)
            accounts.accept(home, service.credentials, token, role.value.title(), PASSWORD)
            made = sessions.sign_in(home, service.credentials, role.value.title(), PASSWORD, "")
            cookies[role] = made.secret
    (rudo,) = subjects(home, NAMES["001"])
    whose = rudo.subject.subject_id
    cookies[Role.SUBJECT] = sessions.person_session(home, whose).secret
    station_key = key_of_station(home, frozenset({PURPOSE}))
    cookies[STATION] = sessions.open_station(home, station_key).secret
    both = key_of_station(home, frozenset({PURPOSE, OTHER_PURPOSE}))
    cookies[TWO_PURPOSES] = sessions.open_station(home, both).secret
    notice = save_notice(home, PURPOSE, "en", "# Your face at this door\n\nYou may say **no**.\n")
    checkpoint(home)
    values = {
        **REST,
        "subject_id": whose,
        "receipt": receipts(home, NAMES["001"])[0].signed.terms.receipt_id,
        "seq": "0",
        "token": _last(accounts.invite(home, operator, Role.ENROLLER).path),
        "link": _last(links.new_person_link(home, operator, whose)),
        "notice": notice.sha256,
        "record": thresholds.records(home)[0][0].record_id,
    }
    home.store.close()
    return Site(folder, values, cookies, station_key, card)


def with_an_audit(site: Site, served: Served) -> Site:
    """The site after an audit of a few rendered volunteers, which the server itself runs."""
    put_volunteers(site.home)
    _as_admin(site, served, "/audits/run", {"folder": "volunteers", "column": "tone"})
    deadline = time.monotonic() + _PATIENCE_S
    while not json.loads(_as_admin(site, served, "/audits/progress"))["over"]:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    page = _as_admin(site, served, "/audits").decode()
    seq = page.partition('<th scope="row"><a href="/audits/')[2].partition('"')[0]
    return replace(site, values={**site.values, "seq": seq})


def put_volunteers(home: Path) -> None:
    """Put a few rendered volunteers into a home, for an audit to be run on."""
    shipped = wiring.shipped_volunteers()
    folder = home / "studies" / "volunteers"
    folder.mkdir(parents=True)
    rows = (shipped / "people.csv").read_text().splitlines(keepends=True)
    kept = [row for row in rows[1:] if row.split(",")[2] in ("1", "2")]
    (folder / "people.csv").write_text("".join([rows[0], *kept]))
    for row in kept:
        for photo in shipped.glob(f"{row.split(',')[0]}_*.jpg"):
            shutil.copy(photo, folder)
    (folder / "consent.md").write_text("Nobody is in these photos.")


def _as_admin(
    site: Site, served: Served, path: str, fields: Mapping[str, str] | None = None
) -> bytes:
    headers = {
        "Cookie": f"chiso={site.cookies[Role.ADMIN]}",
        "Content-Type": "application/x-www-form-urlencoded",
        "Sec-Fetch-Site": "same-origin",
    }
    connection = served.connection()
    method = "GET" if fields is None else "POST"
    connection.request(method, path, urlencode(fields or {}), headers)
    answer = connection.getresponse().read()
    connection.close()
    return answer


def enrol_volunteer(home: Home, london: Path, number: str) -> None:
    """Enrol a volunteer by her name, with the photo that she does not smile in."""
    done = enrol(home, _agreement(NAMES[number]), [_photo(london, number)])
    assert isinstance(done, Enrolled)


def _card_of_carrier(home: Home, london: Path) -> bytes:
    number, name = CARRIER
    pictures: list[bytes] = []

    def draw(new: NewCard) -> None:
        words = CardWords(new.controller, new.purpose, new.card.expires, "A 1", None)
        pictures.append(card_picture(words, new.code, Format.PNG))

    issue_from_photo(home, _agreement(name), _photo(london, number), deliver=draw)
    return pictures.pop()


def _agreement(name: str) -> Agreement:
    return Agreement(name, PURPOSE, frozenset(Mode), _ENDS, evidence_sha256="0" * 64)


def _photo(london: Path, number: str) -> Photo:
    return Photo(number, (london / f"{number}_neutral.jpg").read_bytes())


def key_of_station(home: Home, purposes: frozenset[str]) -> str:
    """A new key of the station, for these purposes."""
    until = datetime.now(UTC) + timedelta(days=30)
    wanted = keys.WantedKey("door", Role.VERIFIER, purposes, frozenset(), STATION, until)
    return keys.issue_key(home, keys.machine_operator(home), wanted).secret


def _last(path: str) -> str:
    return path.rsplit("/", 1)[1]
