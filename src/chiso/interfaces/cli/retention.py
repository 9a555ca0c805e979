"""`chiso retention set | list | unset`."""

from __future__ import annotations

from typing import Annotated

import typer

from chiso import wiring
from chiso.consent.retention import Period, Rule, parse_period, rule_document
from chiso.core.labels import label_from
from chiso.core.times import to_text
from chiso.interfaces.cli.exits import Exit
from chiso.interfaces.cli.options import HomeOption, JsonOption
from chiso.interfaces.cli.output import counted, emit, say, show, table
from chiso.services import retention
from chiso.services.retention import Shortened

app = typer.Typer(
    help="How long consent for a purpose lasts: set, list, unset.",
    no_args_is_help=True,
)
_Purpose = Annotated[
    str, typer.Argument(help="The purpose, letter by letter as people agreed to it.")
]
_SHOWN = 20


@app.command("set")
def set_rule(
    purpose: _Purpose,
    default: Annotated[
        str | None,
        typer.Option(
            "--default",
            metavar="PERIOD",
            help="How long a consent lasts that is enrolled without --expires: 90d, 12m or 1y.",
        ),
    ] = None,
    maximum: Annotated[
        str | None,
        typer.Option("--max", metavar="PERIOD", help="How long a consent may last at most."),
    ] = None,
    inactive: Annotated[
        str | None,
        typer.Option(
            "--inactive",
            metavar="PERIOD",
            help="How long a consent lasts without a match for this purpose.",
        ),
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> int:
    """Say how long consent for a purpose lasts; takes the place of what was said before.

    There is no built-in maximum: for a purpose without a rule, the date on each receipt alone
    decides. A period ends with its last day, UTC. A maximum holds for receipts that are there, too:
    the earlier of the two dates decides. What is over is not compared any more, and `chiso purge`
    erases it. The change is written into the log.

    Example: chiso retention set "clinic door" --default 1y --max 2y --inactive 12m
    """
    rule = Rule(
        label_from(purpose, "purpose"), _period(default), _period(maximum), _period(inactive)
    )
    shortened = retention.set_rule(wiring.open_home(wiring.home_directory(home)), rule)
    if json:
        emit({**rule_document(rule), "ends_earlier": [_shortened_document(x) for x in shortened]})
        return Exit.DONE
    show(f"For {rule.purpose!r}: {_in_words(rule)}.")
    if shortened:
        _show_shortened(shortened)
    return Exit.DONE


@app.command("list")
def list_rules(home: HomeOption = None, json: JsonOption = False) -> int:
    """Every purpose, how long consent for it lasts, and which have no maximum.

    Example: chiso retention list
    """
    kept = retention.purposes(wiring.open_home(wiring.home_directory(home)))
    if json:
        documents = [
            {
                **rule_document(each.rule),
                "receipts": each.receipts,
            }
            for each in kept
        ]
        emit({"purposes": documents})
        return Exit.DONE
    if not kept:
        show("There is no purpose yet: nobody is enrolled, and `chiso retention set` set nothing.")
        return Exit.DONE
    table(
        ("purpose", "without --expires", "at most", "without a match", "receipts"),
        [
            (
                each.rule.purpose,
                _cell(each.rule.default, "must be given"),
                _cell(each.rule.maximum, "no maximum"),
                _cell(each.rule.inactive, "no limit"),
                str(each.receipts),
            )
            for each in kept
        ],
        numeric=(4,),
    )
    endless = [each.rule.purpose for each in kept if each.rule.maximum is None]
    if endless:
        names = ", ".join(map(repr, endless))
        show(f"No maximum for {names}: there, the date on each receipt alone says how long.")
    return Exit.DONE


@app.command("unset")
def unset_rule(purpose: _Purpose, home: HomeOption = None, json: JsonOption = False) -> int:
    """End a purpose's rule: the date on each receipt alone decides again.

    What a purge has erased stays erased. The change is written into the log.

    Example: chiso retention unset "clinic door"
    """
    retention.unset_rule(wiring.open_home(wiring.home_directory(home)), purpose)
    if json:
        emit({"unset": label_from(purpose, "purpose")})
    else:
        show(f"For {label_from(purpose, 'purpose')!r} the date on each receipt alone decides.")
    return Exit.DONE


def _period(text: str | None) -> Period | None:
    return None if text is None else parse_period(text)


def _cell(period: Period | None, none: str) -> str:
    return none if period is None else str(period)


def _in_words(rule: Rule) -> str:
    parts = []
    if rule.default is not None:
        parts.append(f"{rule.default} where nobody says until when")
    parts.append("no maximum" if rule.maximum is None else f"{rule.maximum} at most")
    if rule.inactive is not None:
        parts.append(f"{rule.inactive} without a match")
    return ", ".join(parts)


def _show_shortened(shortened: list[Shortened]) -> None:
    over = sum(each.is_over for each in shortened)
    receipts = counted(len(shortened), "receipt")
    show(f"{receipts} that {'is' if len(shortened) == 1 else 'are'} there end earlier by it:")
    for each in shortened[:_SHOWN]:
        receipt = each.signed.receipt
        until = f"{receipt.processing.expires:%Y-%m-%d}"
        ends = "is over" if each.is_over else "ends"
        show(
            f"    {receipt.header.receipt_id}  {receipt.parties.subject}: agreed until {until}, "
            f"{ends} {each.end.at:%Y-%m-%d}"
        )
    if len(shortened) > _SHOWN:
        show(f"    and {len(shortened) - _SHOWN} more: `chiso receipts` lists all.")
    if over:
        say(
            f"{counted(over, 'receipt')} over now: not compared from now on, and the next "
            "`chiso purge` erases what rests on them. If that was not meant, set the rule again "
            "before it runs."
        )


def _shortened_document(each: Shortened) -> dict[str, object]:
    receipt = each.signed.receipt
    return {
        "receipt": receipt.header.receipt_id,
        "subject": receipt.parties.subject,
        "expires": to_text(receipt.processing.expires),
        "ends": to_text(each.end.at),
        "ends_as": each.end.cause,
        "over": each.is_over,
    }
