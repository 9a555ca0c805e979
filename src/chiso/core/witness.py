"""Witnesses, as values and ports: what one keeps of a log, and how one is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class WatchedLog:
    """What a witness keeps of a log: about 400 bytes, sealed so that an edited row is found."""

    origin: str
    vkey: str
    """The log's public key as text: name, hash, key."""
    note: str | None
    """The checkpoint last cosigned, with the log's own signature; None before the first."""
    seal: bytes
    """The witness's signature over the rest."""


@dataclass(frozen=True, slots=True)
class RefusedNote:
    """A checkpoint that a log signed and its witness would not cosign: kept to be looked into."""

    origin: str
    note: str
    at_s: int
    """Seconds since 1970."""
    is_proof: bool
    """Whether it has the size and not the root of one that was cosigned."""


class WitnessState(Protocol):
    """What a witness remembers, on disk before any method returns."""

    def logs(self) -> list[WatchedLog]:
        """Every log, by origin."""
        ...

    def log(self, origin: str) -> WatchedLog | None:
        """One log; None where the witness does not serve it."""
        ...

    def add(self, log: WatchedLog) -> bool:
        """Serve one more log; False, and nothing changed, where one has its origin."""
        ...

    def replace(self, old: WatchedLog, new: WatchedLog) -> bool:
        """Compare and swap: False, and nothing changed, where `old` is not what is there now."""
        ...

    def keep_refused(self, refused: RefusedNote) -> None:
        """Keep a refused note: one a log, the latest, unless the one there is proof."""
        ...

    def refused(self) -> list[RefusedNote]:
        """Every note kept so, by origin."""
        ...


@dataclass(frozen=True, slots=True)
class WitnessAnswer:
    """What a witness answered over HTTP."""

    status: int
    content_type: str
    body: bytes


class WitnessLink(Protocol):
    """The way to witnesses over the network."""

    def ask(self, url: str, body: bytes) -> WitnessAnswer:
        """Post a request to the witness at `url`, its submission prefix.

        Raises ChisoError(WITNESS_SILENT) where no whole answer came.
        """
        ...
