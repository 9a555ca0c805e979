"""`chiso keys show | rotate`."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Annotated

import typer

from chiso import wiring, wiring_upkeep
from chiso.core.errors import ChisoError, Code
from chiso.core.times import to_text
from chiso.interfaces.cli.exits import Exit
from chiso.interfaces.cli.files import reserved
from chiso.interfaces.cli.options import HomeOption, JsonOption
from chiso.interfaces.cli.output import counted, emit, say, show
from chiso.services import keys

OPERATOR_KEY_VARIABLE = "CHISO_OPERATOR_KEY"
NEW_KEY_VARIABLE = "CHISO_NEW_OPERATOR_KEY"

app = typer.Typer(
    help="The home's keys: which there are, and changing the operator's.",
    no_args_is_help=True,
)


@app.command("show")
def show_keys(home: HomeOption = None, json: JsonOption = False) -> int:
    """Which keys there are, and since when. Nothing secret is shown.

    The operator's key is named by a fingerprint, which tells apart the copies in your safe; the
    signing key by its public part, which whoever checks this home's log needs.

    Example: chiso keys show
    """
    directory = wiring.home_directory(home)
    opened = wiring.open_home(directory)
    held = keys.show(opened, wiring_upkeep.operator_key_place(directory))
    public = base64.b64encode(held.signing_key).decode()
    if json:
        emit(
            {
                "operator_key": {
                    "fingerprint": held.operator_key,
                    "where": held.operator_key_where,
                    "since": to_text(held.operator_key_since),
                },
                "signing_key": {
                    "public_key": public,
                    "key_hash": held.signing_key_hash.hex(),
                    "since": to_text(held.signing_key_since),
                },
                "person_keys": held.person_keys,
            }
        )
        return Exit.DONE
    show(f"operator's key  {held.operator_key}, since {held.operator_key_since:%Y-%m-%d}")
    show(f"                in {held.operator_key_where}")
    show(f"signing key     {public}, since {held.signing_key_since:%Y-%m-%d}")
    show(f"                {held.signing_key_hash.hex()} in checkpoints")
    show(f"persons' keys   {held.person_keys}, each wrapped by the operator's")
    return Exit.DONE


@app.command("rotate")
def rotate(
    new_key_from: Annotated[
        Path | None,
        typer.Option(
            "--new-key-from", metavar="FILE", help="Take the new key from here, as base64."
        ),
    ] = None,
    new_key_out: Annotated[
        Path | None,
        typer.Option(
            "--new-key-out", metavar="FILE", help="Make a key, and write it to this new file too."
        ),
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Change the operator's key, which wraps every other one.

    Every person's key is wrapped anew, in one transaction; no template is opened, and no key is
    printed or written in plain. Afterwards the former key opens nothing here, and operator.key
    holds the new one. Where the key comes from CHISO_OPERATOR_KEY, give the new one with
    --new-key-from or in CHISO_NEW_OPERATOR_KEY, or let --new-key-out make one.

    Backups made before keep needing the former key.

    Example: chiso keys rotate
    """
    directory = wiring.home_directory(home)
    opened = wiring.open_home(directory)
    place = wiring_upkeep.operator_key_place(directory)
    new_key = _new_key(new_key_from, new_key_out)
    if new_key is None:
        if OPERATOR_KEY_VARIABLE in os.environ:
            raise _nowhere_to_put_it()
        new_key = wiring_upkeep.new_operator_key()
    rotated = keys.rotate(opened, place, new_key)
    if json:
        emit(
            {
                "old": rotated.old,
                "new": rotated.new,
                "rewrapped": rotated.rewrapped,
                "where": place.where,
            }
        )
    else:
        wrapped = counted(rotated.rewrapped, "key")
        show(f"Wrapped {wrapped}, the signing key with them, by the operator's key {rotated.new}.")
        show(f"The former one, {rotated.old}, opens nothing in this home any more.")
    if OPERATOR_KEY_VARIABLE in os.environ:
        source = new_key_from or new_key_out or NEW_KEY_VARIABLE
        say(f"Set {OPERATOR_KEY_VARIABLE} to the content of {source} now.")
    else:
        say(f"Keep a copy of {place.where} somewhere safe and apart.")
    say(
        "Backups made before need the former key: make a new backup, then destroy old ones with it."
    )
    return Exit.DONE


def _new_key(given: Path | None, out: Path | None) -> bytes | None:
    """The key that the operator gave or asked for; None where neither."""
    variable = os.environ.get(NEW_KEY_VARIABLE)
    if sum(each is not None for each in (given, out, variable)) > 1:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            "More than one new operator's key was named.",
            f"Give one of --new-key-from, --new-key-out and {NEW_KEY_VARIABLE}.",
        )
    if given is not None:
        return wiring_upkeep.key_in_file(given)
    if variable is not None:
        return wiring_upkeep.key_in_text(variable, NEW_KEY_VARIABLE)
    if out is None:
        return None
    key = wiring_upkeep.new_operator_key()
    # Written before it is used, and left there whatever happens: it may be the only copy.
    with reserved(out) as file:
        if file is not None:
            file.write(base64.b64encode(key).decode() + "\n")
            file.flush()
            os.fsync(file.fileno())
    return key


def _nowhere_to_put_it() -> ChisoError:
    return ChisoError(
        Code.BAD_ARGUMENT,
        f"This home's operator key comes from {OPERATOR_KEY_VARIABLE}, which Chiso cannot "
        "set: a key made here would be lost.",
        "Add --new-key-out FILE to have one made and written to a file that only you can read, or "
        "give your own with --new-key-from FILE; then set the variable to it.",
    )
