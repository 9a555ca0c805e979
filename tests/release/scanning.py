"""Looks for many needles at once in every byte of files and of another process's memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

WINDOW = 8
"""Numbers of a template in sequence: chance does not make eight."""
_HASH_BITS = 22
_HASH_FACTOR = np.uint32(2_654_435_761)
_START_BYTES = 8
_PIECE_BYTES = 1 << 24
_OVERLAP_BYTES = 1 << 10


@dataclass(frozen=True, slots=True)
class Needle:
    """Bytes to look for: whose they are, and what."""

    whose: str
    what: str
    content: bytes


def windows(whose: str, what: str, numbers: NDArray[np.floating]) -> Iterator[Needle]:
    """Every run of eight numbers of a template, as 32-bit and as 16-bit numbers."""
    for kind in ("<f4", "<f2"):
        flat = np.ascontiguousarray(numbers, dtype=kind).ravel()
        for start in range(len(flat) - WINDOW + 1):
            yield Needle(whose, f"{what}, {kind[1:]}", flat[start : start + WINDOW].tobytes())


def texts(whose: str, label: str) -> Iterator[Needle]:
    """A label in each encoding that a program may keep it in."""
    for encoding in ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"):
        yield Needle(whose, f"label, {encoding}", label.encode(encoding))


class Scanner:
    """Finds needles of eight bytes or more; the time does not grow with how many there are."""

    def __init__(self, needles: Iterable[Needle]) -> None:
        self._by_start: Mapping[int, list[Needle]] = defaultdict(list)
        for needle in needles:
            start = int.from_bytes(needle.content[:_START_BYTES], "little")
            self._by_start[start].append(needle)
        starts = np.array(sorted(self._by_start), dtype="<u8")
        self._starts = starts
        self._table = np.zeros(1 << _HASH_BITS, bool)
        self._table[_hashed((starts & 0xFFFFFFFF).astype("<u4"))] = True

    def found_in(self, content: bytes) -> set[Needle]:
        """Which needles are in these bytes, at any offset."""
        found: set[Needle] = set()
        if len(content) < _START_BYTES or not content.strip(b"\x00"):
            return found
        every = np.lib.stride_tricks.sliding_window_view(np.frombuffer(content, np.uint8), 8)
        for phase in range(4):
            words = np.frombuffer(content, "<u4", (len(content) - phase) // 4, phase)
            places = np.flatnonzero(self._table[_hashed(words)]) * 4 + phase
            places = places[places < len(every)]
            starts = np.ascontiguousarray(every[places]).view("<u8").ravel()
            known = np.isin(starts, self._starts)
            for place, start in zip(places[known].tolist(), starts[known].tolist(), strict=True):
                found.update(
                    needle
                    for needle in self._by_start[start]
                    if content[place : place + len(needle.content)] == needle.content
                )
        return found

    def found_in_files(self, folders: Sequence[Path]) -> set[Needle]:
        """Which needles are in any file below these folders."""
        found: set[Needle] = set()
        for folder in folders:
            for path in sorted(each for each in folder.rglob("*") if each.is_file()):
                found |= self.found_in(path.read_bytes())
        return found

    def found_in_memory(self, process_id: int) -> tuple[set[Needle], int]:
        """Which needles are in a process's memory, and how many bytes of it were read."""
        found: set[Needle] = set()
        size_bytes = 0
        with Path(f"/proc/{process_id}/mem").open("rb", buffering=0) as memory:
            for low, high in _readable(process_id):
                for start in range(low, high, _PIECE_BYTES):
                    memory.seek(start)
                    length = min(_PIECE_BYTES + _OVERLAP_BYTES, high - start)
                    try:
                        piece = memory.read(length)
                    except OSError:  # a device's pages, mapped but not to be read so
                        continue
                    size_bytes += min(len(piece), _PIECE_BYTES)
                    found |= self.found_in(piece)
        return found, size_bytes


def _readable(process_id: int) -> Iterator[tuple[int, int]]:
    for line in Path(f"/proc/{process_id}/maps").read_text().splitlines():
        span, rights, *_ = line.split()
        if rights.startswith("r") and "[v" not in line:
            low, _, high = span.partition("-")
            yield int(low, 16), int(high, 16)


def _hashed(words: NDArray[np.uint32]) -> NDArray[np.uint32]:
    return (words * _HASH_FACTOR) >> np.uint32(32 - _HASH_BITS)
