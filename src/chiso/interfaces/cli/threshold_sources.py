"""What a threshold record is made of: photos, embeddings, or an audit's report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from chiso import wiring
from chiso.core.catalogue import PackCard
from chiso.core.errors import ChisoError, Code
from chiso.core.settings import CaptureSettings
from chiso.evaluate.audit_plan import TARGET_FMR
from chiso.evaluate.fit import Policy
from chiso.interfaces.cli.audit_options import columns_of
from chiso.interfaces.cli.audit_reports import read_audited_threshold
from chiso.interfaces.cli.output import progress
from chiso.interfaces.cli.study import read_study
from chiso.services.fit import Fitted, MeasuredModel, fit, fit_embeddings
from chiso.services.fit_normaliser import require_for_homes
from chiso.services.fit_report import record_of_audit
from chiso.services.threshold_record import Wanted

_REPORT = ".json"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for; None where it does not say."""

    consent: Path | None
    target_fmr: float | None
    policy: Policy | None
    target_fpir: float
    by: str | None
    normaliser: str | None


def record_of(source: Path, asked: Asked, pack: PackCard) -> Fitted:
    """The record that `source` gives for the models of `pack`. Raises ChisoError."""
    wanted = Wanted(
        TARGET_FMR if asked.target_fmr is None else asked.target_fmr,
        Policy.WORST_GROUP if asked.policy is None else asked.policy,
        asked.target_fpir,
    )
    if asked.normaliser is not None:
        require_for_homes(asked.normaliser)
    if source.is_dir():
        return _of_photos(source, asked, wanted, pack)
    if asked.consent is not None:
        raise _unused("--consent", "photos are looked at", "a folder of photos")
    if source.suffix.lower() == _REPORT:
        return _of_report(source, asked, wanted, pack)
    return _of_embeddings(source, asked, wanted, pack)


def _of_photos(source: Path, asked: Asked, wanted: Wanted, pack: PackCard) -> Fitted:
    if asked.consent is None:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            "Photos are measured only with the document that the people pictured signed.",
            "Name it with --consent FILE.",
        )
    by = None if asked.by is None else columns_of([asked.by])[0]
    study = read_study(source, asked.consent, by)
    engine = wiring.open_engine(pack, CaptureSettings())
    with progress("Measuring", len(study.photos)) as step:
        now = wiring.clock().now()
        return fit(engine, study, wanted, now, normaliser=asked.normaliser, done=step.to)


def _of_embeddings(source: Path, asked: Asked, wanted: Wanted, pack: PackCard) -> Fitted:
    table = wiring.read_embeddings(source, columns_of(None if asked.by is None else [asked.by]))
    dimensions = wiring.catalogue().model(pack.embedder).dimensions
    if dimensions is None:
        raise ValueError(f"{pack.embedder} is no embedder")
    model = MeasuredModel(pack.embedder, pack.digest, dimensions)
    now = wiring.clock().now()
    return Fitted(fit_embeddings(table, model, wanted, now, normaliser=asked.normaliser), ())


def _of_report(source: Path, asked: Asked, wanted: Wanted, pack: PackCard) -> Fitted:
    if asked.normaliser is not None:
        raise ChisoError(
            Code.BAD_ARGUMENT,
            "--normaliser cannot be had from a report: it says what normalisers change, and "
            "carries none.",
            "Give the embeddings or the photos that were audited with --from.",
        )
    audited = read_audited_threshold(source, pack)
    if asked.by is not None:
        raise _unused("--by", "groups are the report's", "photos or embeddings")
    if asked.target_fmr not in (None, audited.frozen.target_fmr):
        raise _unused("--target-fmr", "the report fixed its threshold for its own", "an audit")
    if asked.policy is not None and asked.policy.value != audited.frozen.policy:
        raise _unused("--policy", "the report fixed its threshold by its own", "an audit")
    return Fitted(record_of_audit(audited, wanted.target_fpir, wiring.clock().now()), ())


def _unused(option: str, why: str, belongs: str) -> ChisoError:
    return ChisoError(
        Code.BAD_ARGUMENT,
        f"{option} says nothing here: {why}.",
        f"Leave it out; it belongs to {belongs}.",
    )
