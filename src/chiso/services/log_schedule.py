"""How often a checkpoint is kept: every so many leaves, or seconds, whichever comes first."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from chiso.core.canonical import canonical_json
from chiso.core.errors import PUT_BACK_A_BACKUP, ChisoError, Code
from chiso.core.events import KeptCheckpoint, LogHead
from chiso.core.storage import ReadTransaction, WriteTransaction

SETTING = "log-checkpoints"
MAX_LEAVES = 10**9
MAX_SECONDS = 366 * 86400


@dataclass(frozen=True, slots=True)
class Schedule:
    """Keep a checkpoint once this many leaves, or seconds, have passed since the one before.

    Time passes unnoticed while nothing is logged: a log that stands still needs no new checkpoint.
    """

    leaves: int = 1000
    seconds: int = 86400

    def is_due(self, last: KeptCheckpoint | None, size: int, now: datetime) -> bool:
        """Whether a log of this size is to be kept a checkpoint of, `last` being the newest."""
        if last is None or size - last.size >= self.leaves:
            return True
        return not last.at <= now < last.at + timedelta(seconds=self.seconds)


def schedule_of(view: ReadTransaction) -> Schedule:
    """The home's schedule; the default where none was set. Raises STORE_DAMAGED for none."""
    text = view.setting(SETTING)
    if text is None:
        return Schedule()
    try:
        said = json.loads(text)
        if "hours" in said:  # as homes were told before
            return schedule_from(int(said["leaves"]), 3600 * int(said["hours"]))
        return schedule_from(int(said["leaves"]), int(said["seconds"]))
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError, ChisoError) as error:
        raise ChisoError(
            Code.STORE_DAMAGED,
            "The store holds a schedule of checkpoints that is none.",
            f"It was changed outside Chiso. {PUT_BACK_A_BACKUP}",
        ) from error


def schedule_from(leaves: int, seconds: int) -> Schedule:
    """A schedule of these numbers. Raises ChisoError(BAD_ARGUMENT) where they make none."""
    for number, most, what in ((leaves, MAX_LEAVES, "leaves"), (seconds, MAX_SECONDS, "seconds")):
        if not 1 <= number <= most:
            raise ChisoError(
                Code.BAD_ARGUMENT,
                f"A checkpoint cannot be kept every {number} {what}.",
                f"Give a whole number from 1 to {most}.",
            )
    return Schedule(leaves, seconds)


def schedule_text(schedule: Schedule) -> str:
    """The schedule as the setting holds it."""
    return canonical_json({"leaves": schedule.leaves, "seconds": schedule.seconds}).decode()


def keep_if_due(transaction: WriteTransaction, head: LogHead, now: datetime) -> None:
    """Keep the checkpoint of a new head where the schedule asks for one."""
    last = next(transaction.kept_checkpoints(1), None)
    if schedule_of(transaction).is_due(last, head.size, now):
        transaction.keep_checkpoint(KeptCheckpoint(head.size, now, head.checkpoint))
