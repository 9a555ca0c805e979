"""Verify a bundle of a log offline: `python -m chiso.verify_bundle FILE --key KEY`.

A program of its own, small enough to read: besides the standard library it imports nothing but
`chiso.account` and `chiso.core`, which are arithmetic on bytes, and Ed25519 from `cryptography`.
No database, no home, no model, no network.

1. Read the file, and take it apart (`chiso.account.bundle`).
2. Take the key that was given, or else the one in the file, which is only the file's own word.
3. Do the steps that `chiso.account.bundle_check` numbers.
4. Say what was shown, and what was not.

Exit status: 0 if everything verifies, 5 if something does not, 2 if this is no bundle or no key, 6
if the file cannot be read.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from chiso.account.bundle import parse_bundle
from chiso.account.bundle_check import BundleReport, require_shown, verify_bundle
from chiso.account.checkpoint import ED25519, Checkpoint, VerifierKey, parse_vkey
from chiso.account.cosignature import COSIGNATURE
from chiso.core.errors import ChisoError, Code, Kind

_STATUS = {Kind.USAGE: 2, Kind.INTEGRITY: 5, Kind.MISSING: 6}
_ONLY_INNER = (
    "The key came from the file itself: this shows only that the file agrees with itself. Whoever "
    "made it could have made another. Get the key from elsewhere, and give it with --key."
)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a bundle shows, and whether the key came from outside the file."""

    report: BundleReport
    is_key_given: bool
    saved: Checkpoint | None = None
    """A checkpoint that the reader saved, if the bundle was held to one."""

    @property
    def sentences(self) -> tuple[str, ...]:
        """In words, a sentence or two each."""
        report, checkpoint = self.report, self.report.checkpoint
        whose = "" if report.subject_id is None else f" They are of subject {report.subject_id}."
        kept = report.leaves - report.destroyed
        first = (
            f"The bundle verifies: {report.leaves} leaves of {checkpoint.origin}, a log of "
            f"{checkpoint.size} leaves, root {checkpoint.root.hex()}. {kept} can be read.{whose}"
        )
        lines = [first]
        lines += [
            f"The log goes on from its checkpoint of {size} {'leaf' if size == 1 else 'leaves'}."
            for size in sorted({old.size for old in report.earlier})
        ]
        if self.saved is not None:
            lines.append(f"One of them, of {self.saved.size} leaves, is the one that you saved.")
        lines += [f"Cosigned by {name} at {at}." for name, at in report.cosigned]
        return (*lines, *(() if self.is_key_given else (_ONLY_INNER,)))


def check(
    content: bytes,
    key: str | None = None,
    witnesses: Sequence[str] = (),
    saved: str | None = None,
) -> Shown:
    """Verify a bundle by a log's key and any witnesses' keys, as one-word texts (vkeys).

    `saved`: text of a checkpoint that the reader kept, which the bundle must go on from.
    Raises ChisoError: BAD_ARGUMENT where a key or the bundle is none, LOG_BROKEN where a step
    fails.
    """
    bundle = parse_bundle(content)
    own = bundle.key if key is None else _key(key, ED25519, "log")
    others = [_key(each, COSIGNATURE, "witness") for each in witnesses]
    report = verify_bundle(bundle, own, others, _is_signature)
    mine = None if saved is None else require_shown(report, saved, _is_signature)
    return Shown(report, key is not None, mine)


def _key(text: str, algorithm: int, whose: str) -> VerifierKey:
    try:
        key = parse_vkey(text.strip())
        if key.algorithm != algorithm:
            raise ValueError(f"it is not of a {whose}")
    except ValueError as error:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"{text!r} is not a {whose}'s key: {error}.",
            "Give it whole, as name+hash+base64.",
        ) from error
    return key


def _is_signature(public_key: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; returns its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m chiso.verify_bundle", description="Verify a bundle of a log offline."
    )
    parser.add_argument("file", type=Path, help="what `chiso log bundle` wrote")
    parser.add_argument("--key", metavar="KEY", help="the log's key, from elsewhere than the file")
    parser.add_argument(
        "--witness", metavar="KEY", action="append", default=[], help="a witness that must cosign"
    )
    parser.add_argument(
        "--since", metavar="FILE", type=Path, help="a checkpoint that you saved, to go on from"
    )
    given = parser.parse_args(arguments)
    try:
        content = given.file.read_bytes()
        saved = None if given.since is None else given.since.read_text("utf-8", errors="replace")
    except OSError as error:
        sys.stderr.write(f"{error.filename} cannot be read ({error.strerror}).\n")
        return _STATUS[Kind.MISSING]
    try:
        shown = check(content, given.key, given.witness, saved)
    except ChisoError as error:
        sys.stderr.write(f"{error.message}\n{error.hint}\n")
        return _STATUS[error.kind]
    for sentence in shown.sentences:
        sys.stdout.write(f"{sentence}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
