"""The witnesses of a home: which are asked, and what each cosigned last."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address

from chiso.account.checkpoint import (
    ED25519,
    Checkpoint,
    VerifierKey,
    parse_note,
    parse_vkey,
    vkey_text,
)
from chiso.account.cosignature import COSIGNATURE, VerifyWith, cosigned_at
from chiso.account.verify import signed_checkpoint
from chiso.core.canonical import canonical_json
from chiso.core.errors import ChisoError, Code
from chiso.core.events import Event, EventType
from chiso.core.storage import ReadTransaction, WriteTransaction
from chiso.services.home import Home
from chiso.services.log import broken, record
from chiso.services.log_told import Told, told_by

_SETTING = "witnesses"
_LABEL = "[A-Za-z0-9-]{1,63}"
_URL = re.compile(
    rf"https?://({_LABEL}([.]{_LABEL})*[.]?|\[(?P<address>[0-9A-Fa-f:.]+)\])(:(?P<port>[0-9]{{1,5}}))?"
    r"(/[A-Za-z0-9._~-]+)*/?"
)


@dataclass(frozen=True, slots=True)
class HomeWitness:
    """A witness that a home asks: where it listens, and the key by which it is known."""

    url: str
    key: VerifierKey


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A checkpoint that a witness cosigned, and when, in seconds since 1970 by its clock."""

    witness: HomeWitness
    checkpoint: Checkpoint
    time_s: int


def log_key(home: Home) -> VerifierKey:
    """The key of this home's log, as a witness must know it."""
    return VerifierKey(home.origin, ED25519, home.signer.public_key)


def configured(view: ReadTransaction) -> tuple[HomeWitness, ...]:
    """The witnesses that are asked, by name. Raises LOG_BROKEN where the list was edited."""
    text = view.setting(_SETTING)
    try:
        rows = json.loads(text) if text else []
        return tuple(HomeWitness(row["url"], parse_vkey(row["vkey"])) for row in rows)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise broken(f"the list of witnesses cannot be read ({error})") from error


def add(home: Home, url: str, vkey: str) -> HomeWitness:
    """Ask this witness from now on. Nothing goes out yet.

    Raises ChisoError(BAD_ARGUMENT) for what is no address or no witness's key, and where a witness
    of that name is asked by another key. The same one is not added twice; its address may change.
    """
    new = HomeWitness(_checked_url(url), _checked_key(vkey))
    with home.store.writing() as transaction:
        before = configured(transaction)
        for each in before:
            if each.key.name == new.key.name and each.key != new.key:
                raise ChisoError(
                    Code.BAD_ARGUMENT,
                    f"{each.key.name} is asked already, by another key: {vkey_text(each.key)}.",
                    f"Ask whoever runs it which is true. `chiso log witness remove "
                    f"{each.key.name}` forgets the one there is.",
                )
        if new not in before:
            _change(home, transaction, [*(each for each in before if each.key != new.key), new])
    return new


def remove(home: Home, name: str) -> None:
    """Ask this witness no more. Raises ChisoError(WITNESS_MISSING) where there is none."""
    with home.store.writing() as transaction:
        before = configured(transaction)
        left = [each for each in before if each.key.name != name]
        if len(left) == len(before):
            raise ChisoError(
                Code.WITNESS_MISSING,
                f"This home asks no witness called {name!r}.",
                "`chiso log witness list` shows those it asks.",
            )
        _change(home, transaction, left)


def last_cosigned(
    home: Home, view: ReadTransaction, witness: HomeWitness, verify: VerifyWith
) -> Cosigned | None:
    """The largest checkpoint that this witness cosigned, of those kept; None where there is none.

    Raises ChisoError: LOG_BROKEN where this home did not sign it, COSIGNATURE_INVALID where the
    witness did not.
    """
    for each in view.kept_checkpoints():
        found = _cosigned(home, each.note, witness, verify)
        if found is not None:
            return found
    return None


def check(home: Home, verify: VerifyWith) -> tuple[Cosigned, ...]:
    """As `check_cosignatures`; LOG_BROKEN too where the witnesses are not those last named."""
    with home.store.reading() as view:
        require_last_named(view, told_by(view.payloads()))
    return check_cosignatures(home, verify)


def check_cosignatures(home: Home, verify: VerifyWith) -> tuple[Cosigned, ...]:
    """Check every cosignature that is kept, by the witnesses now named; gives each one's last.

    That the log goes on from the checkpoints under them is `log_check.verify`'s to hold, as is that
    the witnesses are those last named. Raises ChisoError(COSIGNATURE_INVALID) for one that the
    witness did not make.
    """
    last: dict[HomeWitness, Cosigned] = {}
    with home.store.reading() as view:
        named = configured(view)
        for each in view.kept_checkpoints():
            for witness in named:
                found = _cosigned(home, each.note, witness, verify)
                if found is not None:
                    last.setdefault(witness, found)
    return tuple(last.values())


def _cosigned(home: Home, kept: str, witness: HomeWitness, verify: VerifyWith) -> Cosigned | None:
    checkpoint = signed_checkpoint(kept, home.origin, home.signer.public_key, home.signer.verify)
    try:
        time_s = cosigned_at(parse_note(kept), witness.key, verify)
    except ValueError as error:
        raise _invalid(witness, checkpoint, str(error)) from error
    return None if time_s is None else Cosigned(witness, checkpoint, time_s)


def _change(home: Home, transaction: WriteTransaction, named: Sequence[HomeWitness]) -> None:
    ordered = sorted(named, key=lambda each: each.key.name)
    rows = [{"url": each.url, "vkey": vkey_text(each.key)} for each in ordered]
    text = canonical_json(rows).decode()
    transaction.put_setting(_SETTING, text)
    facts = {"setting": _SETTING, "value": text}
    record(home, transaction, [Event(EventType.SETTINGS_CHANGED, home.clock.now(), None, facts)])


def require_last_named(view: ReadTransaction, told: Told) -> None:
    """Raise LOG_BROKEN unless the witnesses are those that the log last told of."""
    if view.setting(_SETTING) != told.settings.get(_SETTING):
        raise broken("the witnesses in its settings are not those last named")


def _checked_url(url: str) -> str:
    found = _URL.fullmatch(url)
    if found is None or not _is_a_place(found["address"], found["port"]):
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"{url!r} is not the address of a witness.",
            "Give it as its operator does, such as https://witness.example.org/first; "
            "`/add-checkpoint` is added to it.",
        )
    return url.rstrip("/")


def _is_a_place(address: str | None, port: str | None) -> bool:
    """Whether what looks like an IPv6 address and a port are such."""
    try:
        if address is not None:
            IPv6Address(address)
    except ValueError:
        return False
    return port is None or 0 < int(port) < 65536


def _checked_key(vkey: str) -> VerifierKey:
    try:
        key = parse_vkey(vkey)
    except ValueError as error:
        raise _no_key("That is no witness's key: it cannot be read.") from error
    if key.algorithm != COSIGNATURE:
        raise _no_key("That is no witness's key: it is of another kind, as a log's own key is.")
    return key


def _no_key(message: str) -> ChisoError:
    return ChisoError(
        Code.BAD_ARGUMENT,
        message,
        "Copy the whole word that `chiso witness init` printed for its operator.",
    )


def _invalid(witness: HomeWitness, checkpoint: Checkpoint, why: str) -> ChisoError:
    return ChisoError(
        Code.COSIGNATURE_INVALID,
        f"What is kept as cosigned by {witness.key.name}, of {checkpoint.size} leaves, is not: "
        f"{why}.",
        "It was changed outside Chiso. Keep a copy of the home, ask the witness for the checkpoint "
        "that it cosigned last, and compare: `chiso log compare`.",
    )
