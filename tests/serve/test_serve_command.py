"""`chiso serve`: where it listens, over what, and how it says that it cannot."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.serve.processes import server

from chiso import wiring_serve
from chiso.interfaces.cli.main import main

Refused = Callable[..., dict[str, str]]


@pytest.fixture
def refused(home_directory: Path, capsys: pytest.CaptureFixture[str]) -> Refused:
    """Runs `chiso serve` with these words, which it must refuse; what it says."""

    def run(*words: str) -> dict[str, str]:
        assert main(["serve", "--home", str(home_directory), "--json", *words]) != 0
        error: dict[str, str] = json.loads(capsys.readouterr().out)["error"]
        return error

    return run


def test_it_does_not_listen_beyond_the_machine_in_the_clear(refused: Refused) -> None:
    for host in ("0.0.0.0", "::", "192.0.2.1", "clinic.example"):  # noqa: S104  refused
        error = refused("--host", host)
        assert error["code"] == "unsafe-address"
        assert "--tls-certificate" in error["hint"]
        assert "--faces-and-keys-in-the-clear" in error["hint"]


def test_a_port_that_is_taken_is_told_before_anything_is_served(refused: Refused) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        error = refused("--port", str(taken.getsockname()[1]))
    assert error["code"] == "bad-argument"
    assert "--port" in error["hint"]


def test_small_answers_are_sent_at_once() -> None:
    with wiring_serve.listen("127.0.0.1", 0) as listening:
        assert listening.proto == socket.IPPROTO_TCP  # else asyncio leaves Nagle's algorithm on


def test_half_of_what_tls_needs_is_refused(
    refused: Refused, certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    chain, key = map(str, certificate)
    assert refused("--tls-certificate", chain)["code"] == "bad-argument"
    assert refused("--tls-key", key, "--tls-certificate", "none.pem")["code"] == "file-missing"
    (tmp_path / "none.pem").write_text("none")
    error = refused("--tls-key", str(tmp_path / "none.pem"), "--tls-certificate", chain)
    assert "cannot be used" in error["message"]


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "clinic")]), datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    chain, secret = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return chain, secret


def test_over_tls_it_answers_to_who_trusts_its_certificate(
    home_directory: Path, served_models: Path, certificate: tuple[Path, Path]
) -> None:
    chain, key = map(str, certificate)
    words = ("--tls-certificate", chain, "--tls-key", key)
    trusting = ssl.create_default_context(cafile=chain)
    with server(home_directory, served_models, *words) as served:
        assert served.url.startswith("https://")
        port = urlsplit(served.url).port
        connection = http.client.HTTPSConnection("localhost", port, context=trusting, timeout=60)
        connection.request("GET", "/v1/health")
        assert json.loads(connection.getresponse().read())["status"] == "ok"
        connection.close()
