"""Asking the witnesses of a home to cosign its checkpoint (C2SP tlog-witness, the log's side)."""

from __future__ import annotations

from dataclasses import dataclass

from chiso.account.checkpoint import (
    Checkpoint,
    Note,
    NoteSignature,
    note_text,
    parse_note,
    parse_signature_lines,
    vkey_text,
)
from chiso.account.cosignature import VerifyWith, cosigned_at, signed_s
from chiso.account.merkle import consistency_proof
from chiso.account.tlog_witness import (
    MAX_SIZE_BODY_BYTES,
    SIZE_TYPE,
    AddCheckpoint,
    Status,
    parse_size_body,
    request_body,
)
from chiso.account.verify import signed_checkpoint
from chiso.core.errors import ChisoError, Code
from chiso.core.witness import WitnessAnswer, WitnessLink
from chiso.services.home import Home
from chiso.services.log import head_of
from chiso.services.log_checkpoints import keep
from chiso.services.witnesses import HomeWitness, configured, last_cosigned, log_key

_TRIES = 3  # the first, the one with the size that it told, and one more if it moved on meanwhile


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of asking one witness: when it cosigned, or why it did not."""

    witness: HomeWitness
    cosigned_s: int | None
    error: ChisoError | None


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A checkpoint with the cosignatures that came, and what came of each witness."""

    note: str
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class _Asking:
    """One checkpoint to be cosigned."""

    home: Home
    link: WitnessLink
    verify: VerifyWith
    note: Note
    checkpoint: Checkpoint


def ask(home: Home, link: WitnessLink, verify: VerifyWith) -> Cosigned:
    """Have the log as it is now cosigned. Raises WITNESS_MISSING where no witness is named."""
    with home.store.reading() as view:
        note = head_of(view).checkpoint
        if not configured(view):
            raise ChisoError(
                Code.WITNESS_MISSING,
                "This home asks no witness.",
                "Name one with `chiso log witness add URL KEY`; its operator has both.",
            )
    return cosigned(home, link, verify, note)


def cosigned(home: Home, link: WitnessLink, verify: VerifyWith, note: str) -> Cosigned:
    """Have a checkpoint of this home cosigned by every witness that it asks, one after the other.

    What they cosign is kept. A witness that fails does not keep the others from being asked; its
    outcome says why. Raises ChisoError(LOG_BROKEN) where this home did not sign the note.
    """
    signed = signed_checkpoint(note, home.origin, home.signer.public_key, home.signer.verify)
    asking = _Asking(home, link, verify, parse_note(note), signed)
    with home.store.reading() as view:
        witnesses = configured(view)
    outcomes = []
    for witness in witnesses:
        try:
            line, time_s = _asked(asking, witness)
            note = keep(home, note_text(Note(asking.note.text, (*_own_lines(asking), line))))
        except ChisoError as error:
            outcomes.append(Outcome(witness, None, error))
        else:
            outcomes.append(Outcome(witness, time_s, None))
    return Cosigned(note, tuple(outcomes))


def _own_lines(asking: _Asking) -> tuple[NoteSignature, ...]:
    key = log_key(asking.home)
    return asking.note.by(key.name, key.key_hash)


def _asked(asking: _Asking, witness: HomeWitness) -> tuple[NoteSignature, int]:
    """The witness's line, and when it signed. Raises ChisoError, saying what it answered."""
    size = asking.checkpoint.size
    with asking.home.store.reading() as view:
        before = last_cosigned(asking.home, view, witness, asking.verify)
    seen = 0 if before is None else before.checkpoint.size
    old = min(seen, size)
    for _ in range(_TRIES):
        answer = _sent(asking, witness, old)
        if answer.status != Status.CONFLICT:
            return _read(asking, witness, answer, old)
        told = _told_size(witness, answer)
        _require_sense(asking, witness, seen, old, told)
        old = told
    raise _refused(witness, "it moved on each time", "Ask again; something else asks it too.")


def _sent(asking: _Asking, witness: HomeWitness, old: int) -> WitnessAnswer:
    with asking.home.store.reading() as view:
        proof = consistency_proof(old, asking.checkpoint.size, view.log_hashes)
    request = AddCheckpoint(old, proof, note_text(asking.note))
    return asking.link.ask(witness.url, request_body(request))


def _told_size(witness: HomeWitness, answer: WitnessAnswer) -> int:
    """The size that a witness says it cosigned last."""
    declared = answer.content_type.partition(";")[0].strip().lower()
    try:
        if declared != SIZE_TYPE or len(answer.body) > MAX_SIZE_BODY_BYTES:
            raise ValueError("it is no size")
        return parse_size_body(answer.body)
    except ValueError as error:
        raise _refused(witness, f"its answer cannot be read ({error})", _ASK_OPERATOR) from error


def _require_sense(asking: _Asking, witness: HomeWitness, seen: int, old: int, told: int) -> None:
    """Raise ChisoError unless asking again from the size that the witness told can help."""
    name, size = witness.key.name, asking.checkpoint.size
    if told < seen:
        raise ChisoError(
            Code.WITNESS_FORGOT,
            f"{name} says that it cosigned {told} leaves last, and it cosigned {seen} before.",
            "Its memory was put back, or is another's: what it cosigns from now on shows nothing. "
            "The checkpoint kept here under its cosignature proves it: `chiso log checkpoints`.",
        )
    if told == old:
        raise _forked(witness, f"another history of {told} leaves")
    with asking.home.store.reading() as view:
        now = head_of(view).size
    if told > now:
        raise _forked(witness, f"{told} leaves of this log, where this home has {now}")
    if told > size:
        raise _refused(
            witness, f"it has cosigned {told} leaves since", "Ask again for today's checkpoint."
        )


def _read(
    asking: _Asking, witness: HomeWitness, answer: WitnessAnswer, old: int
) -> tuple[NoteSignature, int]:
    if answer.status == Status.BAD_PROOF:
        raise _forked(witness, f"another history of the first {old} leaves")
    if answer.status == Status.UNKNOWN_LOG:
        raise _refused(
            witness,
            "it does not serve this log",
            f"Hand {vkey_text(log_key(asking.home))} to its operator, for `chiso witness trust`.",
        )
    if answer.status != Status.COSIGNED:
        words = ascii(answer.body[:200].decode(errors="replace").strip())
        raise _refused(witness, f"it answered {answer.status}, {words}", _ASK_OPERATOR)
    try:
        lines = parse_signature_lines(answer.body.decode())
        own = Note(asking.note.text, lines).by(witness.key.name, witness.key.key_hash)
        time_s = cosigned_at(Note(asking.note.text, own), witness.key, asking.verify)
        if time_s is None:
            raise ValueError(f"there is no line of {witness.key.name}")
    except ValueError as error:
        raise ChisoError(
            Code.COSIGNATURE_INVALID,
            f"What came from {witness.url} is not a cosignature of this checkpoint: {error}.",
            "Check its address and its key with whoever runs it; nothing was kept.",
        ) from error
    return next(each for each in own if signed_s(each) == time_s), time_s


_ASK_OPERATOR = "Ask whoever runs the witness; nothing was lost here."


def _forked(witness: HomeWitness, what: str) -> ChisoError:
    return ChisoError(
        Code.LOG_FORKED,
        f"{witness.key.name} has seen {what}.",
        "This home or a copy of it told two histories, or its database was put back. Keep a copy "
        "of the home as it is. The witness holds the other checkpoint, signed by this home's key "
        "(`chiso witness logs`): `chiso log compare` shows what the two prove.",
    )


def _refused(witness: HomeWitness, why: str, hint: str) -> ChisoError:
    message = f"{witness.key.name} did not cosign: {why}."
    return ChisoError(Code.WITNESS_REFUSED, message, hint)
