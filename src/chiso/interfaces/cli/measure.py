"""`chiso volunteers measure`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from chiso import wiring
from chiso.core.decisions import ThresholdRecord
from chiso.core.settings import CaptureSettings
from chiso.interfaces.cli.exits import Exit
from chiso.interfaces.cli.options import DEFAULT_PACK, JsonOption
from chiso.interfaces.cli.output import counted, emit, progress, show, table
from chiso.interfaces.cli.rendered import read_rendered
from chiso.services.home import Engine
from chiso.services.volunteers.comparing import RenderedSet
from chiso.services.volunteers.measuring import (
    Figures,
    LostPhoto,
    Measured,
    Rate,
    Spread,
    measure,
)

_NONE = "–"


def measure_set(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="[DIR]",
            help="Made by `chiso volunteers render`. Default: the volunteers that Chiso carries.",
            show_default=False,
        ),
    ] = None,
    detector: Annotated[
        str | None,
        typer.Option(
            "--detector",
            metavar="NAME",
            help="Default: that of the offline pack.",
            show_default=False,
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="NAME",
            help="The embedder. Default: that of the offline pack.",
            show_default=False,
        ),
    ] = None,
    json: JsonOption = False,
) -> int:
    """Measure how well rendered people are found and told apart, and name those who are not.

    Each photo, as if enrolled, is compared with every other, as if shown: two photos are compared
    both ways. One that is refused counts as a failure. Errors are those at the model's starter
    threshold. Status 0 when it is done: confusion is a finding, not a
    failure. Rendered faces prove nothing about real ones.

    Example: chiso volunteers measure

    Example: chiso volunteers measure made --detector yunet
    """
    place = wiring.shipped_volunteers() if folder is None else folder
    rendered = read_rendered(place)
    pack = wiring.catalogue().pack(DEFAULT_PACK)
    engine = wiring.open_models(
        pack.detector if detector is None else detector,
        pack.embedder if model is None else model,
        CaptureSettings(),
    )
    threshold = wiring.starter_record_of(engine.embedder.digest)
    with progress("Measuring", len(rendered.photos)) as step:
        measured = measure(engine, rendered, threshold, wiring.clock().now(), step.to)
    if json:
        emit(_document(place, rendered, engine, threshold, measured))
    else:
        _show(place, engine, threshold, measured)
    return Exit.DONE


# --- For people -----------------------------------------------------------------------------------


def _show(
    folder: Path, engine: Engine, threshold: ThresholdRecord | None, measured: Measured
) -> None:
    overall = measured.overall
    show(
        f"{counted(overall.photos, 'photo')} of {_people(overall.people)} who {_do(overall.people)}"
        f" not exist, in {folder}; detector {engine.detector.name}, embedder "
        f"{engine.embedder.name}."
    )
    if threshold is None:
        show(f"There is no starter threshold for {engine.embedder.name}: nothing is decided.")
    else:
        show(
            f"A match is {threshold.value:.4f} or more: {threshold.record_id}, fitted to "
            f"{threshold.source}."
        )
    rows = [("all", overall), *((str(tone), each) for tone, each in measured.tones.items())]
    show("\nFound, and rank-1: nearest among all other photos is another of the same person")
    table(
        ("tone", "people", "found", "95 %", "refused", "rank-1", "95 %"),
        [
            (
                name,
                str(each.people),
                _of(each.found),
                _interval(each.found),
                str(each.refused),
                _of(each.rank_one),
                _interval(each.rank_one),
            )
            for name, each in rows
        ],
        numeric=(1, 2, 3, 4, 5, 6),
    )
    _show_refusals(rows)
    if threshold is not None:
        show("Errors at the threshold; at a tone, of comparisons of photos that are both at it")
        table(
            ("tone", "missed", "FNMR %", "95 %", "false matches", "FMR %", "95 %"),
            [(name, *_error(each.fnmr), *_error(each.fmr)) for name, each in rows],
            numeric=(1, 2, 3, 4, 5, 6),
        )
    for title, spreads in (
        ("Scores of a person with herself", [(name, each.genuine) for name, each in rows]),
        ("Scores of two people", [(name, each.false) for name, each in rows]),
    ):
        show(title)
        table(
            ("tone", "scores", "lowest", "10 %", "median", "90 %", "highest"),
            [(name, *_scores(spread)) for name, spread in spreads],
            numeric=(1, 2, 3, 4, 5, 6),
        )
    _show_weak(measured, decided=threshold is not None)
    show("Intervals take people, not photos, as their sample size.")
    show("Rendered faces prove nothing about real ones.")


def _show_refusals(rows: list[tuple[str, Figures]]) -> None:
    overall = rows[0][1]
    if overall.refusals:
        show("Refused at probe limits; a photo that misses two limits is in two rows")
        table(
            ("why", "tone", "photos"),
            [
                (code.value, name, f"{each.refusals[code]} of {each.photos}")
                for code in sorted(overall.refusals)
                for name, each in rows
                if each.refusals.get(code)
            ],
            numeric=(2,),
        )
    if overall.extra_faces:
        show(f"A face was found where there is none in {counted(overall.extra_faces, 'photo')}.\n")


def _show_weak(measured: Measured, *, decided: bool) -> None:
    if measured.confused:
        show("Taken for each other: their photos match")
        table(
            ("one", "other", "highest score", "matches"),
            [
                (each.one, each.other, f"{each.score:.4f}", f"{each.matches} of {each.comparisons}")
                for each in measured.confused
            ],
            numeric=(2, 3),
        )
    elif decided:
        show("No two people are taken for each other at the threshold.\n")
    if measured.weak:
        show("People whose own photos do not match, or do not find them")
        table(
            ("person", "tone", "missed", "lowest score", "refused", "not rank-1"),
            [
                (
                    each.subject,
                    " ".join(map(str, each.tones)),
                    f"{each.missed} of {each.comparisons}" if decided else _NONE,
                    _score(each.lowest),
                    f"{each.refused} of {each.photos}",
                    f"{each.lost} of {each.photos}",
                )
                for each in measured.weak
            ],
            numeric=(2, 3, 4, 5),
        )
    if measured.lost:
        show("Photos that do not find their person")
        table(
            ("photo", "why", "nearest own"),
            [(each.name, _why(each), _score(each.own_score)) for each in measured.lost],
            numeric=(2,),
        )


def _why(lost: LostPhoto) -> str:
    if lost.refusals:
        return ", ".join(each.value for each in lost.refusals)
    if lost.nearest is None:
        return "no other photo of this person can be used"
    return f"nearer to {lost.nearest}: {_score(lost.nearest_score)}"


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count} people"


def _do(count: int) -> str:
    return "does" if count == 1 else "do"


def _of(rate: Rate) -> str:
    return f"{rate.events} of {rate.trials}"


def _interval(rate: Rate) -> str:
    low, high = rate.interval
    return f"{100 * low:.1f}-{100 * high:.1f}"


def _error(rate: Rate | None) -> tuple[str, str, str]:
    if rate is None or rate.value is None:
        return _NONE, _NONE, _NONE
    return _of(rate), f"{100 * rate.value:.1f}", _interval(rate)


def _scores(spread: Spread | None) -> tuple[str, ...]:
    if spread is None:
        return ("0", *(_NONE,) * 5)
    ends = (spread.lowest, spread.tenth, spread.median, spread.ninetieth, spread.highest)
    return (str(spread.count), *map(_score, ends))


def _score(score: float | None) -> str:
    return _NONE if score is None else f"{score:.4f}"


# --- For scripts ----------------------------------------------------------------------------------


def _document(
    folder: Path,
    rendered: RenderedSet,
    engine: Engine,
    threshold: ThresholdRecord | None,
    measured: Measured,
) -> dict[str, object]:
    return {
        "folder": str(folder),
        "studio": rendered.studio,
        "detector": engine.detector.name,
        "embedder": engine.embedder.name,
        "model": engine.embedder.digest,
        "threshold": None
        if threshold is None
        else {
            "record_id": threshold.record_id,
            "value": threshold.value,
            "source": threshold.source,
        },
        "overall": _figures(measured.overall),
        "tones": [{"tone": tone, **_figures(each)} for tone, each in measured.tones.items()],
        "confused": None if threshold is None else [asdict(each) for each in measured.confused],
        "weak": [asdict(each) for each in measured.weak],
        "lost": [asdict(each) for each in measured.lost],
    }


def _figures(figures: Figures) -> dict[str, object]:
    return {
        "people": figures.people,
        "photos": figures.photos,
        "found": _rate(figures.found),
        "refused": figures.refused,
        "refusals": {code.value: figures.refusals[code] for code in sorted(figures.refusals)},
        "extra_faces": figures.extra_faces,
        "rank_one": _rate(figures.rank_one),
        "genuine": None if figures.genuine is None else asdict(figures.genuine),
        "false": None if figures.false is None else asdict(figures.false),
        "fnmr": None if figures.fnmr is None else _rate(figures.fnmr),
        "fmr": None if figures.fmr is None else _rate(figures.fmr),
    }


def _rate(rate: Rate) -> dict[str, object]:
    return {
        "events": rate.events,
        "trials": rate.trials,
        "rate": rate.value,
        "interval": list(rate.interval),
    }
