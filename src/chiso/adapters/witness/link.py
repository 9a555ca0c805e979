"""The way to a witness: one POST over HTTP or HTTPS, no redirects, no proxy, small and soon."""

from __future__ import annotations

import socket
import threading
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import SplitResult, urlsplit

from chiso.account.tlog_witness import PATH
from chiso.core.errors import ChisoError, Code
from chiso.core.witness import WitnessAnswer

_SILENCE_MAX_S = 5.0
_ANSWER_MAX_S = 15.0
_ANSWER_MAX_BYTES = 64 * 1024
_HINT = "Ask again later; what the witness cosigned before stays cosigned."


class HttpWitnessLink:
    """Implements `chiso.core.witness.WitnessLink`.

    Who listens on the way reads sizes, roots and signatures, which are meant to be shown; who
    changes them is found out, since all of it is signed.
    """

    def ask(self, url: str, body: bytes) -> WitnessAnswer:
        """Post a request; an answer takes at most 15 s and 64 KiB. Raises WITNESS_SILENT."""
        parts = urlsplit(url)
        connection = _connection(parts)
        ending = threading.Timer(_ANSWER_MAX_S, _cut, [connection])
        ending.daemon = True
        try:
            connection.connect()  # before the clock starts, which can cut only what is open
            ending.start()
            connection.request(
                "POST",
                parts.path.rstrip("/") + PATH,
                body,
                {"Content-Type": "text/plain; charset=utf-8", "User-Agent": "chiso"},
            )
            response = connection.getresponse()
            answer = _read_at_most(response, _ANSWER_MAX_BYTES + 1)
            declared = response.getheader("Content-Type", "")
        except (OSError, HTTPException, ValueError) as error:  # ValueError: an odd chunk size
            raise _silent(url, str(error) or type(error).__name__) from error
        finally:
            ending.cancel()
            connection.close()
        if len(answer) > _ANSWER_MAX_BYTES:
            raise _silent(url, f"its answer has more than {_ANSWER_MAX_BYTES} bytes")
        return WitnessAnswer(response.status, declared, answer)


def _connection(parts: SplitResult) -> HTTPConnection:
    if parts.scheme == "https":
        return HTTPSConnection(parts.netloc, timeout=_SILENCE_MAX_S)
    return HTTPConnection(parts.netloc, timeout=_SILENCE_MAX_S)


def _read_at_most(response: HTTPResponse, limit_bytes: int) -> bytes:
    """The answer's first bytes."""
    if not response.chunked:
        return response.read(limit_bytes)
    answer = b""  # piece by piece: what says that a chunk has -1 bytes would be read without end
    while len(answer) < limit_bytes and (piece := response.read1(limit_bytes - len(answer))):
        answer += piece
    return answer


def _cut(connection: HTTPConnection) -> None:
    if connection.sock is not None:
        try:
            connection.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it has ended by itself


def _silent(url: str, why: str) -> ChisoError:
    return ChisoError(Code.WITNESS_SILENT, f"The witness at {url} does not answer: {why}.", _HINT)
