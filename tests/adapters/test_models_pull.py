import hashlib
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

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


def test_a_full_disk_is_called_full(
    store: ModelStore, publisher: Publisher, tmp_path: Path
) -> None:
    (entry,) = store.entries()
    (tmp_path / "models").mkdir()
    part = tmp_path / "models" / f"sface-{entry.sha256[:16]}.onnx.part"
    part.symlink_to("/dev/full")  # takes nothing: every write to it finds no space left
    with pytest.raises(ChisoError) as refusal:
        store.pull("sface", _quietly)
    assert refusal.value.code is Code.STORE_FULL
    assert str(tmp_path / "models") in refusal.value.hint
    assert not store.is_here("sface")


def test_a_place_that_cannot_be_written_to_is_named(
    store: ModelStore, publisher: Publisher, tmp_path: Path
) -> None:
    (tmp_path / "models").write_text("a file, where a folder belongs")
    with pytest.raises(ChisoError) as refusal:
        store.pull("sface", _quietly)
    assert refusal.value.code is Code.FILE_UNREADABLE
    assert str(tmp_path / "models") in refusal.value.message


def test_tls_that_breaks_in_the_middle_can_go_on_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = _certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_answer_half_in_tls, args=(server, certificate))
        thread.start()
        url = f"https://127.0.0.1:{server.getsockname()[1]}/weights.onnx"
        with pytest.raises(ChisoError) as broken:
            ModelStore(tmp_path / "models", (_entry(url),)).pull("sface", _quietly)
        thread.join()
    assert broken.value.code is Code.NO_NETWORK
    assert "broke off" in broken.value.message
    assert "goes on where it stopped" in broken.value.hint
    (part,) = (tmp_path / "models").iterdir()
    assert part.read_bytes() == WEIGHTS[: 1 << 16]


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


def _answer_half_in_tls(server: socket.socket, certificate: Path) -> None:
    """Answer one request; after some of the body, send what is no TLS record."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    plain, _ = server.accept()
    with plain, context.wrap_socket(plain.dup(), server_side=True) as connection:
        connection.recv(1 << 16)
        connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(WEIGHTS)}\r\n\r\n".encode())
        connection.sendall(WEIGHTS[: 1 << 16])
        plain.sendall(b"not TLS at all" * 10)
        plain.shutdown(socket.SHUT_WR)
        plain.recv(1)  # the other side has noticed, and closes


def _certificate(folder: Path) -> Path:
    """A key, and a certificate for 127.0.0.1 that it signs itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "publisher")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    file = folder / "publisher.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return file


def _quietly(done: int, total: int) -> None:
    pass
