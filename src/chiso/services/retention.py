"""How long consent for each purpose may last in a home; each change is a leaf of the log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from chiso.consent.policy import objection
from chiso.consent.retention import (
    End,
    Rule,
    end_of_consent,
    end_of_period,
    parse_rules,
    rules_text,
)
from chiso.core.consent import SubjectId
from chiso.core.errors import ChisoError, Code
from chiso.core.events import Event, EventType
from chiso.core.labels import label_from
from chiso.core.storage import ReadTransaction, SignedReceipt, WriteTransaction
from chiso.core.times import to_text
from chiso.services.home import Home
from chiso.services.log import broken, record
from chiso.services.log_told import Told

_SETTING = "retention"


@dataclass(frozen=True, slots=True)
class Shortened:
    """A receipt that its purpose's maximum ends before its own date, or that a rule ended now."""

    signed: SignedReceipt
    end: End
    is_over: bool


@dataclass(frozen=True, slots=True)
class PurposeKept:
    """A purpose that has a rule or receipts, and how many of these nothing has ended yet.

    `rule` has no period where none was set.
    """

    rule: Rule
    receipts: int


def rule_for(view: ReadTransaction, purpose: str) -> Rule | None:
    """What holds for this purpose, letter by letter; None where nothing was set."""
    return next((each for each in rules(view) if each.purpose == purpose), None)


def rules(view: ReadTransaction) -> tuple[Rule, ...]:
    """Every rule, by purpose."""
    kept = view.setting(_SETTING)
    return () if kept is None else parse_rules(kept)


def purposes(home: Home) -> list[PurposeKept]:
    """Every purpose that there is a rule or a receipt for, by name."""
    with home.store.reading() as view:
        known = {each.purpose: each for each in rules(view)}
        counts = dict.fromkeys(known, 0)
        for terms in view.terms():
            counts.setdefault(terms.purpose, 0)
            counts[terms.purpose] += terms.withdrawn is None
    return [
        PurposeKept(known.get(each, Rule(each, None, None, None)), counts[each])
        for each in sorted(counts)
    ]


def set_rule(home: Home, rule: Rule) -> list[Shortened]:
    """Let this rule hold for its purpose from now on, instead of the one there was.

    Returns the receipts that end before their own date by its maximum, since the earlier of the
    two decides, and those that are over from now on for want of a match.
    Raises ChisoError(BAD_ARGUMENT) for a rule without any period, or whose default is longer than
    its maximum.
    """
    purpose = label_from(rule.purpose, "purpose")
    rule = Rule(purpose, rule.default, rule.maximum, rule.inactive)
    _require_sense(home, rule)
    with home.store.writing() as transaction:
        _change(home, transaction, lambda kept: kept | {purpose: rule})
        return _shortened(home, transaction, rule)


def would_shorten(home: Home, rule: Rule) -> list[Shortened]:
    """What `set_rule` would return, without setting anything. Raises BAD_ARGUMENT as it does."""
    rule = replace(rule, purpose=label_from(rule.purpose, "purpose"))
    _require_sense(home, rule)
    with home.store.reading() as view:
        return _shortened(home, view, rule)


def unset_rule(home: Home, purpose: str) -> None:
    """Let nothing but its own date end a consent for this purpose.

    Raises ChisoError(BAD_ARGUMENT) where there is no rule for it.
    """
    purpose = label_from(purpose, "purpose")

    def without(kept: dict[str, Rule]) -> dict[str, Rule]:
        if purpose not in kept:
            raise ChisoError(
                Code.BAD_ARGUMENT,
                f"There is no retention rule for {purpose!r}: nothing was changed.",
                "`chiso retention list` shows those there are, letter by letter.",
            )
        return {name: rule for name, rule in kept.items() if name != purpose}

    with home.store.writing() as transaction:
        _change(home, transaction, without)


def note_match(
    home: Home, transaction: WriteTransaction, subject_id: SubjectId, purpose: str
) -> None:
    """Let inactivity count from now for every consent of hers for this purpose that is in force.

    For all of them, whichever her match rests on: it is she who came. One that is over stays over.
    """
    now, rule = home.clock.now(), rule_for(transaction, purpose)
    in_force = [
        terms.receipt_id
        for terms in transaction.terms(subject_id)
        if objection(terms, purpose, None, now, rule) is None
    ]
    transaction.mark_active(in_force, now)


def require_last_set(view: ReadTransaction, told: Told) -> None:
    """Raise ChisoError(LOG_BROKEN) unless the rules in use are those that the log last told of."""
    if view.setting(_SETTING) != told.settings.get(_SETTING):
        raise broken("the retention rules in use are not those last set")


def _change(
    home: Home,
    transaction: WriteTransaction,
    changed: Callable[[dict[str, Rule]], dict[str, Rule]],
) -> None:
    kept = {each.purpose: each for each in rules(transaction)}
    text = rules_text(changed(kept).values())
    transaction.put_setting(_SETTING, text)
    facts = {"setting": _SETTING, "value": text}
    record(home, transaction, [Event(EventType.SETTINGS_CHANGED, home.clock.now(), None, facts)])


def _require_sense(home: Home, rule: Rule) -> None:
    if rule.default is None and rule.maximum is None and rule.inactive is None:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"No period was given for {rule.purpose!r}.",
            "Give --default, --max or --inactive, or all three; `chiso retention unset` ends a "
            "rule.",
        )
    now = home.clock.now()
    if rule.default is None or rule.maximum is None:
        return
    default, maximum = (end_of_period(now, each) for each in (rule.default, rule.maximum))
    if default > maximum:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            f"The default of {rule.default} is longer than the maximum of {rule.maximum}: from "
            f"today they end on {to_text(default)} and {to_text(maximum)}.",
            "Give a default that is at most the maximum.",
        )


def _shortened(home: Home, view: ReadTransaction, rule: Rule) -> list[Shortened]:
    now = home.clock.now()
    found = []
    for signed in view.receipts():
        terms = signed.terms
        if terms.purpose != rule.purpose or terms.withdrawn is not None or terms.expires <= now:
            continue
        end = end_of_consent(terms, rule)
        limit = None if rule.maximum is None else end_of_period(terms.granted, rule.maximum)
        if end.at <= now or (limit is not None and limit < terms.expires):
            found.append(Shortened(signed, end, end.at <= now))
    return found
