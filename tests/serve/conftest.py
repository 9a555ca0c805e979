"""A home that is served in this process: its API with keys of every role, and people in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from tests.serve.console import Console

from chiso import wiring, wiring_serve
from chiso.core.access import Role, Scope
from chiso.core.consent import Mode
from chiso.interfaces.serve.app import create_app
from chiso.services.access.keys import WantedKey, issue_key, machine_operator
from chiso.services.access.sessions import person_session
from chiso.services.enrol import Agreement, Enrolled, Photo, enrol
from chiso.services.serving.service import Service, ServiceSettings

PURPOSE = "clinic door"
ENROLLED = ("001", "003", "005")


@pytest.fixture(scope="session")
def served_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where these tests keep the graphs that chiso builds."""
    return tmp_path_factory.mktemp("serve-models")


@pytest.fixture(scope="session")
def peopled_home(
    tmp_path_factory: pytest.TempPathFactory, served_models: Path, london: Path
) -> Path:
    """A home with three volunteers, named by their numbers, to copy."""
    folder = tmp_path_factory.mktemp("served") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHISO_MODELS", str(served_models))
        patch.delenv("CHISO_OPERATOR_KEY", raising=False)
        home, _ = wiring.make_home(folder, "Mbare Clinic", "offline")
        for number in ENROLLED:
            agreement = Agreement(
                subject=number,
                purpose=PURPOSE,
                modes=frozenset(Mode),
                expires=datetime(2099, 1, 1, tzinfo=UTC),
                evidence_sha256="0" * 64,
            )
            photo = Photo(number, (london / f"{number}_neutral.jpg").read_bytes())
            assert isinstance(enrol(home, agreement, [photo]), Enrolled)
        home.store.close()
    return folder


@pytest.fixture
def home_directory(
    tmp_path: Path, peopled_home: Path, served_models: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A copy of that home, for one test."""
    monkeypatch.setenv("CHISO_MODELS", str(served_models))
    monkeypatch.delenv("CHISO_OPERATOR_KEY", raising=False)
    return Path(shutil.copytree(peopled_home, tmp_path / "home"))


@contextmanager
def served(directory: Path, settings: ServiceSettings) -> Iterator[tuple[Service, TestClient]]:
    """A home served with these settings, and a client that calls it."""
    service = wiring_serve.open_service(directory, settings, is_secure=False)
    with TestClient(
        create_app(service), base_url="http://127.0.0.1:8730", raise_server_exceptions=False
    ) as client:
        yield service, client
    service.home.store.close()


@pytest.fixture
def serving(home_directory: Path) -> Iterator[tuple[Service, TestClient]]:
    """The peopled home, served; a refusal for lack of consent does not wait long."""
    with served(home_directory, replace(ServiceSettings(), refused_after_s=0.05)) as both:
        yield both


@pytest.fixture
def service(serving: tuple[Service, TestClient]) -> Service:
    """What the application serves."""
    return serving[0]


@pytest.fixture
def client(serving: tuple[Service, TestClient]) -> TestClient:
    """A caller without a key."""
    return serving[1]


@pytest.fixture
def key_of(service: Service) -> Callable[..., dict[str, str]]:
    """`key_of(Role.VERIFIER, purposes=…, scopes=…)`: headers with a new key of that role."""

    def issue(
        role: Role,
        *,
        purposes: frozenset[str] | None = None,
        scopes: frozenset[Scope] = frozenset(),
        station: str | None = None,
    ) -> dict[str, str]:
        expires = datetime.now(UTC) + timedelta(days=30)
        wanted = WantedKey(f"a {role}", role, purposes, scopes, station, expires)
        made = issue_key(service.home, machine_operator(service.home), wanted)
        return {"Authorization": f"Bearer {made.secret}"}

    return issue


@pytest.fixture(scope="session")
def photo_of(london: Path) -> Callable[..., bytes]:
    """`photo_of("001")`, `photo_of("001", "neutral")`: the bytes of a volunteer's photo."""
    return lambda number, face="smiling": (london / f"{number}_{face}.jpg").read_bytes()


@pytest.fixture(scope="session")
def nobodys_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with nobody in it, to copy."""
    folder = tmp_path_factory.mktemp("served-empty") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CHISO_OPERATOR_KEY", raising=False)
        home, _ = wiring.make_home(folder, "Mbare Clinic", "offline")
        home.store.close()
    return folder


@pytest.fixture
def console(
    tmp_path: Path, nobodys_home: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Console]:
    """A home with nobody in it, served: for pages and accounts, which need no photo."""
    monkeypatch.delenv("CHISO_OPERATOR_KEY", raising=False)
    directory = Path(shutil.copytree(nobodys_home, tmp_path / "home"))
    with served(directory, replace(ServiceSettings(), refused_after_s=0.05)) as (service, client):
        yield Console(service, client)


@pytest.fixture
def session_of(service: Service) -> Callable[[str], dict[str, str]]:
    """`session_of("001")`: headers of a person who opened her own link."""

    def begin(label: str) -> dict[str, str]:
        with service.home.store.reading() as view:
            subject = view.subject(label)
        assert subject is not None
        secret = person_session(service.home, subject.subject_id).secret
        return {"Cookie": f"chiso={secret}", "Sec-Fetch-Site": "same-origin"}

    return begin


@pytest.fixture
def id_of(service: Service) -> Callable[[str], str]:
    """`id_of("001")`: the id of a volunteer."""

    def find(label: str) -> str:
        with service.home.store.reading() as view:
            subject = view.subject(label)
        assert subject is not None
        return subject.subject_id

    return find
