"""`chiso access key …`, `account …`, `link`: who may use what `chiso serve` offers."""

from __future__ import annotations

from typing import Annotated

import typer

from chiso import wiring
from chiso.core.access import ApiKey, Role, Scope
from chiso.core.times import to_text
from chiso.interfaces.agreements import until
from chiso.interfaces.cli import access_accounts
from chiso.interfaces.cli.exits import Exit
from chiso.interfaces.cli.options import HomeOption, JsonOption
from chiso.interfaces.cli.output import emit, say, show, show_exactly
from chiso.services.access import keys
from chiso.services.access.keys import WantedKey, machine_operator

app = typer.Typer(help="Who may use what `chiso serve` offers.", no_args_is_help=True)
_keys = typer.Typer(help="Keys of the API.", no_args_is_help=True)
app.add_typer(_keys, name="key")
app.add_typer(access_accounts.app, name="account")
app.command("link")(access_accounts.link)


@_keys.command("issue")
def issue(
    name: Annotated[str, typer.Argument(help="What the key is for; the log calls it that.")],
    role: Annotated[
        Role,
        typer.Option("--role", help="admin, enroller, verifier (a station) or auditor."),
    ],
    expires: Annotated[
        str, typer.Option("--expires", metavar="DATE", help="Its last day, as 2027-12-31.")
    ],
    purpose: Annotated[
        list[str] | None,
        typer.Option("--purpose", metavar="P", help="Keep it to this purpose; may be repeated."),
    ] = None,
    scope: Annotated[
        list[Scope] | None,
        typer.Option("--scope", help="scores: see raw scores. Few need it; it helps attackers."),
    ] = None,
    station: Annotated[
        str | None, typer.Option("--station", metavar="NAME", help="Where it stands.")
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Make a key of the API. Its secret is shown this once, and kept nowhere.

    Example: chiso access key issue "front door" --role verifier --purpose "clinic door"
    --station "front door" --expires 2027-12-31
    """
    opened = wiring.open_home(wiring.home_directory(home))
    wanted = WantedKey(
        name,
        role,
        frozenset(purpose) if purpose else None,
        frozenset(scope or ()),
        station,
        until(expires),
    )
    made = keys.issue_key(opened, machine_operator(opened), wanted)
    if json:
        emit({**_document(made.key), "secret": made.secret})
        return Exit.DONE
    show_exactly(made.secret)
    say(
        f"Key {made.key.key_id} of {name}. This is the only time that its secret is shown. Calls "
        "carry it as `Authorization: Bearer SECRET`."
    )
    return Exit.DONE


@_keys.command("list")
def list_keys(home: HomeOption = None, json: JsonOption = False) -> int:
    """List keys, revoked and ended ones too.

    Example: chiso access key list
    """
    opened = wiring.open_home(wiring.home_directory(home))
    known = keys.keys(opened, machine_operator(opened))
    if json:
        emit({"keys": [_document(key) for key in known]})
        return Exit.DONE
    if not known:
        say("There are no keys: `chiso access key issue --help`.")
    for key in known:
        purposes = "every purpose" if key.purposes is None else ", ".join(sorted(key.purposes))
        state = (
            f"revoked {to_text(key.revoked)}" if key.revoked else f"until {key.expires:%Y-%m-%d}"
        )
        show_exactly(f"{key.key_id}  {key.role:<9}  {state:<18}  {key.name} ({purposes})")
    return Exit.DONE


@_keys.command("revoke")
def revoke(
    key_id: Annotated[str, typer.Argument(help="As `chiso access key list` shows it.")],
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Revoke a key: its next call is refused.

    Example: chiso access key revoke 9f0c2a52-…
    """
    opened = wiring.open_home(wiring.home_directory(home))
    key = keys.revoke_key(opened, machine_operator(opened), key_id)
    if json:
        emit(_document(key))
    else:
        show(f"Key {key.key_id} of {key.name} is revoked.")
    return Exit.DONE


def _document(key: ApiKey) -> dict[str, object]:
    return {
        "id": key.key_id,
        "name": key.name,
        "role": key.role.value,
        "purposes": None if key.purposes is None else sorted(key.purposes),
        "scopes": sorted(key.scopes),
        "station": key.station,
        "created": to_text(key.created),
        "expires": to_text(key.expires),
        "revoked": to_text(key.revoked) if key.revoked else None,
    }
