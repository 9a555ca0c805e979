"""Checkpoints that the home keeps, with what witnesses signed beneath them."""

from __future__ import annotations

from chiso.account.checkpoint import Note, NoteSignature, note_text, parse_note
from chiso.core.errors import ChisoError
from chiso.core.events import Event, EventType, KeptCheckpoint, LogHead
from chiso.core.storage import ReadTransaction
from chiso.services.home import Home
from chiso.services.log import broken, head_of, record, require_signed_head
from chiso.services.log_schedule import SETTING, Schedule, schedule_of, schedule_text
from chiso.services.log_since import require_goes_on


def checkpoint(home: Home) -> str:
    """The signed note over the log as it is now, which is kept from now on."""
    with home.store.reading() as view:
        note = head_of(view).checkpoint
    return keep(home, note)


def keep(home: Home, note: str) -> str:
    """Keep a checkpoint of this home; returns it with all the signatures that it now carries.

    `note` may carry witnesses' lines beside the home's own. They are added to those of the kept
    checkpoint of the same size; of two by one key the new one stays. Whoever adds them must have
    checked them. Raises ChisoError: BAD_ARGUMENT, or LOG_BROKEN where this home did not sign it or
    its log does not go on from it.
    """
    with home.store.writing() as transaction:
        head = head_of(transaction)
        require_signed_head(home, head)
        size = require_goes_on(home, transaction, head, note).saved.size
        before = next((each for each in transaction.kept_checkpoints() if each.size == size), None)
        if before is None:
            transaction.keep_checkpoint(KeptCheckpoint(size, home.clock.now(), note))
            return note
        require_goes_on(home, transaction, head, before.note)
        merged = _merged(before.note, note)
        if merged != before.note:
            transaction.keep_checkpoint(KeptCheckpoint(size, before.at, merged))
        return merged


def kept(home: Home) -> list[KeptCheckpoint]:
    """Every kept checkpoint, the oldest first."""
    with home.store.reading() as view:
        return list(view.kept_checkpoints())[::-1]


def require_kept(home: Home, view: ReadTransaction, head: LogHead) -> None:
    """Raise LOG_BROKEN unless the log in `head` goes on from every checkpoint that is kept."""
    for each in view.kept_checkpoints():
        try:
            is_its_own = require_goes_on(home, view, head, each.note).saved.size == each.size
        except ChisoError as error:
            raise _no_longer_holds(each) from error
        if not is_its_own:
            raise _no_longer_holds(each)


def _no_longer_holds(each: KeptCheckpoint) -> ChisoError:
    return broken(f"it does not go on from the checkpoint that it keeps of {each.size} leaves")


def schedule(home: Home) -> Schedule:
    """How often a checkpoint is kept."""
    with home.store.reading() as view:
        return schedule_of(view)


def set_schedule(home: Home, chosen: Schedule) -> None:
    """Keep checkpoints so often from now on; a leaf says so."""
    text = schedule_text(chosen)
    facts = {"setting": SETTING, "value": text}
    with home.store.writing() as transaction:
        transaction.put_setting(SETTING, text)
        event = Event(EventType.SETTINGS_CHANGED, home.clock.now(), None, facts)
        record(home, transaction, [event])


def _merged(before: str, new: str) -> str:
    """One note with the lines of both, in order of arrival. Both sign the same text."""
    old_note, new_note = parse_note(before), parse_note(new)
    lines: dict[tuple[str, bytes], NoteSignature] = {}
    for each in (*old_note.signatures, *new_note.signatures):
        lines[each.key_name, each.key_hash] = each
    return note_text(Note(old_note.text, tuple(lines.values())))
