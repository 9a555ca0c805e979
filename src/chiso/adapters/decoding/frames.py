"""What the decoding process and its parent say to each other: lengths, JSON headers, raw bytes.

A photo goes as 8 random bytes, its length, 8 bytes, big-endian, and its bytes. An answer goes as
the random bytes of its photo, the length of its header, 4 bytes, big-endian, the header, a JSON
object, and, where that says `{"pixels": [height, width]}`, height × width × 3 bytes: RGB, row by
row from the top. Where both share memory that so many bytes fit into, they lie there instead, and
the answer ends with its header. `{"refusal": {"code", "message", "hint"}}` has none. The first
frame from the process, before any photo, is an answer to eight zeros: `{"ready": [limit, ...]}`.

The parent reads answers as it would read a stranger's: whoever took the decoder over writes them.
The random bytes keep an answer that one photo left in the pipe from being taken for the next one's.
"""

from __future__ import annotations

import json
import struct
from io import RawIOBase
from mmap import mmap

from chiso.capture.raster import Raster
from chiso.core.errors import Code, Kind
from chiso.core.refusals import Refusal
from chiso.core.settings import DecodeLimits

TOKEN_BYTES = 8
_PHOTO, _HEADER = struct.Struct(">8sQ"), struct.Struct(">8sI")
_NO_PHOTO = bytes(TOKEN_BYTES)
_HEADER_MAX_BYTES = 4096
_WORDS_MAX = 500
_ZEROES = bytes(64 * 1024)


class BadFrameError(Exception):
    """The other side wrote what is no frame, or ended."""


def write_photo(stream: RawIOBase, token: bytes, photo: bytes) -> None:
    """Send one photo's bytes, under a token that was never used before."""
    _write(stream, _PHOTO.pack(token, len(photo)))
    _write(stream, photo)


def read_photo(stream: RawIOBase) -> tuple[bytes, bytes] | None:
    """The next photo's token and its bytes; None where the parent has closed its end."""
    first = stream.read(1)
    if not first:
        return None
    token, length = _PHOTO.unpack(first + _read(stream, _PHOTO.size - 1))
    return token, bytes(_read(stream, length))


def write_ready(stream: RawIOBase, held: tuple[str, ...]) -> None:
    """Say that photos may come, and which limits the system holds this process to."""
    _write_header(stream, _NO_PHOTO, {"ready": list(held)})


def read_ready(stream: RawIOBase) -> tuple[str, ...]:
    """The limits that the process says it is held to. Raises BadFrameError."""
    match _read_header(stream, _NO_PHOTO):
        case {"ready": list(held)} if all(isinstance(each, str) for each in held):
            return tuple(held)
    raise BadFrameError


def write_answer(
    stream: RawIOBase, token: bytes, answer: Raster | Refusal, shared: mmap | None
) -> None:
    """Send what became of the photo that came under this token."""
    if isinstance(answer, Refusal):
        words = {"code": answer.code.value, "message": answer.message, "hint": answer.hint}
        _write_header(stream, token, {"refusal": words})
        return
    size_bytes = len(answer.rgb)
    is_shared = shared is not None and size_bytes <= len(shared)
    if shared is not None and is_shared:
        shared[:size_bytes] = answer.rgb
    _write_header(stream, token, {"pixels": [answer.height_px, answer.width_px]})
    if not is_shared:
        _write(stream, answer.rgb)


def read_answer(
    stream: RawIOBase, token: bytes, limits: DecodeLimits, shared: mmap | None
) -> Raster | Refusal:
    """What became of that photo, within the limits that it was sent under. Raises BadFrameError.

    Pixels are copied out of shared memory before anyone looks at them, since whoever took the
    decoder over could go on changing them; and overwritten there, so that they lie about nowhere.
    """
    match _read_header(stream, token):
        case {"pixels": [int(height_px), int(width_px)]}:
            if min(height_px, width_px) < 1 or height_px * width_px > limits.max_pixels:
                raise BadFrameError
            size_bytes = height_px * width_px * 3
            if shared is None or size_bytes > len(shared):
                return Raster(width_px, height_px, _read(stream, size_bytes))
            rgb = shared[:size_bytes]
            _overwrite(shared, size_bytes)
            return Raster(width_px, height_px, rgb)
        case {"refusal": {"code": str(code), "message": str(message), "hint": str(hint)}}:
            return Refusal(_code(code), _words(message), _words(hint))
    raise BadFrameError


def _overwrite(shared: mmap, size_bytes: int) -> None:
    for start in range(0, size_bytes, len(_ZEROES)):
        end = min(start + len(_ZEROES), size_bytes)
        shared[start:end] = _ZEROES[: end - start]


def _code(text: str) -> Code:
    try:
        code = Code(text)
    except ValueError as error:
        raise BadFrameError from error
    if code.kind is not Kind.REFUSED_SAMPLE:
        raise BadFrameError
    return code


def _words(text: str) -> str:
    """Words that go on to a terminal: short, and without control characters."""
    if len(text) > _WORDS_MAX or not text.isprintable():
        raise BadFrameError
    return text


def _write_header(stream: RawIOBase, token: bytes, header: dict[str, object]) -> None:
    text = json.dumps(header).encode()
    _write(stream, _HEADER.pack(token, len(text)) + text)


def _read_header(stream: RawIOBase, token: bytes) -> object:
    answered, length = _HEADER.unpack(_read(stream, _HEADER.size))
    if answered != token or length > _HEADER_MAX_BYTES:
        raise BadFrameError
    try:
        header: object = json.loads(_read(stream, length))
    except (ValueError, RecursionError) as error:
        raise BadFrameError from error
    return header


def _write(stream: RawIOBase, content: bytes | bytearray) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[stream.write(rest) or 0 :]


def _read(stream: RawIOBase, length: int) -> bytearray:
    content = bytearray(length)
    _fill(stream, memoryview(content))
    return content


def _fill(stream: RawIOBase, space: memoryview) -> None:
    while space:
        count = stream.readinto(space)
        if not count:
            raise BadFrameError
        space = space[count:]
