"""`chiso access account invite | list | disable` and `chiso access link`: people's ways in."""

from __future__ import annotations

from typing import Annotated

import typer

from chiso import wiring
from chiso.core.access import Account, Role
from chiso.core.times import to_text
from chiso.interfaces.cli.exits import Exit
from chiso.interfaces.cli.options import HomeOption, JsonOption
from chiso.interfaces.cli.output import emit, say, show, show_exactly
from chiso.services.access import accounts
from chiso.services.access.keys import machine_operator
from chiso.services.access.links import new_person_link
from chiso.services.people import subjects

app = typer.Typer(help="Accounts of the console.", no_args_is_help=True)


@app.command("invite")
def invite(
    role: Annotated[
        Role,
        typer.Option("--role", help="admin, enroller, verifier (a station) or auditor."),
    ],
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Make a link that makes one account, once, within a week.

    Example: chiso access account invite --role enroller
    """
    opened = wiring.open_home(wiring.home_directory(home))
    made = accounts.invite(opened, machine_operator(opened), role)
    if json:
        emit({"path": made.path, "role": made.role.value, "expires": to_text(made.expires)})
        return Exit.DONE
    show_exactly(made.path)
    say(
        f"Put it behind the address of `chiso serve`, and give it to one person. It makes one "
        f"account with the role {made.role}, until {to_text(made.expires)}, and is shown this once."
    )
    return Exit.DONE


@app.command("list")
def list_accounts(home: HomeOption = None, json: JsonOption = False) -> int:
    """List accounts, disabled ones too.

    Example: chiso access account list
    """
    opened = wiring.open_home(wiring.home_directory(home))
    known = accounts.accounts(opened, machine_operator(opened))
    if json:
        emit({"accounts": [_document(each) for each in known]})
        return Exit.DONE
    if not known:
        say("There are no accounts: `chiso access account invite --role admin` begins one.")
    for each in known:
        state = f"disabled {to_text(each.disabled)}" if each.disabled else "open"
        codes = "with codes" if each.totp_sealed else "password only"
        show_exactly(f"{each.account_id}  {each.role:<9}  {state}, {codes}  {each.name}")
    return Exit.DONE


@app.command("disable")
def disable(
    account_id: Annotated[str, typer.Argument(help="As `chiso access account list` shows it.")],
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Let nobody sign in by this account any more, and end its sessions.

    Example: chiso access account disable 9f0c2a52-…
    """
    opened = wiring.open_home(wiring.home_directory(home))
    account = accounts.disable(opened, machine_operator(opened), account_id)
    if json:
        emit(_document(account))
    else:
        show(f"Account {account.account_id} of {account.name} is disabled.")
    return Exit.DONE


def link(
    subject: Annotated[str, typer.Argument(help="The person, as `chiso subjects` shows her.")],
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Make a person's own link, for her alone; it ends the one she had.

    Example: chiso access link "Rudo M."
    """
    opened = wiring.open_home(wiring.home_directory(home))
    (summary,) = subjects(opened, subject)
    path = new_person_link(opened, machine_operator(opened), summary.subject.subject_id)
    if json:
        emit({"subject": summary.subject.label, "path": path})
        return Exit.DONE
    show_exactly(path)
    say(
        "Put it behind the address of `chiso serve`, and give it to her alone: with it and a look "
        "at the camera she sees what is hers. It is shown this once."
    )
    return Exit.DONE


def _document(account: Account) -> dict[str, object]:
    return {
        "id": account.account_id,
        "name": account.name,
        "role": account.role.value,
        "codes": account.totp_sealed is not None,
        "created": to_text(account.created),
        "disabled": to_text(account.disabled) if account.disabled else None,
    }
