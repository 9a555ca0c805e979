import hashlib
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from chiso.adapters.models.manifest import ModelEntry, UrlSource, packaged_entries
from chiso.adapters.models.model_store import ModelStore
from chiso.core.errors import ChisoError, Code

WEIGHTS = bytes(range(256)) * 2000


@dataclass
class Publisher:
    """A web server with one file, which may close a connection early."""

    content: bytes = WEIGHTS
    closes_after_bytes: int | None = None
    ranges_work: bool = True
    status: int | None = None
    asked_from: list[int] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    state = Publisher()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            start = int(asked[1]) if asked and state.ranges_work else 0
            state.asked_from.append(int(asked[1]) if asked else 0)
            body = state.content[start:]
            self.send_response(state.status or (206 if start else 200))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: state.closes_after_bytes])

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}/weights.onnx"
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def store(tmp_path: Path, publisher: Publisher) -> ModelStore:
    return ModelStore(tmp_path / "models", (_entry(publisher.url),))


def test_a_pulled_model_has_the_pinned_bytes(store: ModelStore) -> None:
    seen: list[tuple[int, int]] = []
    store.pull("sface", lambda done, total: seen.append((done, total)))

    assert store.graph("sface") == WEIGHTS
    assert seen == sorted(seen)
    assert seen[-1] == (len(WEIGHTS), len(WEIGHTS))


def test_a_model_that_is_here_is_not_asked_for_again(
    store: ModelStore, publisher: Publisher
) -> None:
    store.pull("sface", _quietly)
    store.pull("sface", _quietly)
    assert publisher.asked_from == [0]


def test_a_broken_transfer_goes_on_where_it_stopped(
    store: ModelStore, publisher: Publisher
) -> None:
    publisher.closes_after_bytes = 300_000
    with pytest.raises(ChisoError) as broken:
        store.pull("sface", _quietly)
    assert broken.value.code is Code.NO_NETWORK
    assert "goes on where it stopped" in broken.value.hint
    assert not store.is_here("sface")

    publisher.closes_after_bytes = None
    store.pull("sface", _quietly)

    assert publisher.asked_from[0] == 0
    assert 0 < publisher.asked_from[1] <= 300_000
    assert store.graph("sface") == WEIGHTS


def test_a_publisher_without_ranges_sends_everything_again(
    store: ModelStore, publisher: Publisher
) -> None:
    publisher.closes_after_bytes = 300_000
    with pytest.raises(ChisoError):
        store.pull("sface", _quietly)

    publisher.closes_after_bytes, publisher.ranges_work = None, False
    store.pull("sface", _quietly)

    assert store.graph("sface") == WEIGHTS


@pytest.mark.parametrize(
    "sent",
    [bytes([1]) + WEIGHTS[1:], WEIGHTS + b"and more"],
    ids=["one-byte-changed", "longer"],
)
def test_other_bytes_than_those_pinned_leave_nothing_behind(
    store: ModelStore, publisher: Publisher, tmp_path: Path, sent: bytes
) -> None:
    publisher.content = sent
    with pytest.raises(ChisoError) as refusal:
        store.pull("sface", _quietly)

    assert refusal.value.code is Code.DIGEST_MISMATCH
    assert list((tmp_path / "models").iterdir()) == []


def test_a_publisher_who_has_the_file_no_more_is_named(
    store: ModelStore, publisher: Publisher
) -> None:
    publisher.status = 404
    with pytest.raises(ChisoError) as refusal:
        store.pull("sface", _quietly)
    assert refusal.value.code is Code.MODEL_MISSING
    assert publisher.url in refusal.value.message
    assert "404" in refusal.value.message


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/weights.onnx", "https://no-such-host.invalid/weights.onnx"]
)
def test_without_a_network_the_answer_says_so(tmp_path: Path, url: str) -> None:
    store = ModelStore(tmp_path, (_entry(url),))
    with pytest.raises(ChisoError) as refusal:
        store.pull("sface", _quietly)
    assert refusal.value.code is Code.NO_NETWORK
    assert "offline pack" in refusal.value.hint


def test_a_model_that_a_package_carries_needs_no_network(tmp_path: Path) -> None:
    ModelStore(tmp_path).pull("centerface", _quietly)


def _entry(url: str) -> ModelEntry:
    (sface,) = (entry for entry in packaged_entries() if entry.name == "sface")
    return replace(
        sface,
        source=UrlSource("url", url),
        sha256=hashlib.sha256(WEIGHTS).hexdigest(),
        size_bytes=len(WEIGHTS),
    )


def _quietly(done: int, total: int) -> None:
    pass
