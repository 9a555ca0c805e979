"""The tone audit: renders kept and reused, portraits measured, tones compared."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from tests.services.drawn_studio import (
    OtherStudio,
    open_drawn_studio,
    open_dying_studio,
    open_missing_studio,
    open_other_studio,
)
from tests.services.recoloured_studio import open_equal_studio, open_recoloured_studio

from chiso import wiring
from chiso.adapters.decoding.child import ChildDecoder
from chiso.capture.quality import Quality
from chiso.core.errors import ChisoError, Code
from chiso.core.ports import Detector, Embedder
from chiso.core.samples import Box, Face, Refusal
from chiso.core.settings import ENROLMENT_LIMITS, PROBE_LIMITS, CaptureSettings
from chiso.core.templates import ModelDigest
from chiso.evaluate.tone import Stage
from chiso.evaluate.tone_verdict import Outcome
from chiso.services.engine import faces_in
from chiso.services.home import Engine
from chiso.services.tone_audit import measures as of
from chiso.services.tone_audit.audit import Act, Probe, ToneAudit, audit_tone
from chiso.services.tone_audit.design import Design, statement_sha256
from chiso.services.tone_audit.readings import is_hit, landmark_error, refusals
from chiso.services.tone_audit.render_cache import ABANDONED_AFTER, RenderCache
from chiso.services.tone_audit.rendering import Renders, render_missing
from chiso.volunteers.portraits import TONES

WEIGHTS = "12" * 32
NOW = datetime(2026, 11, 22, tzinfo=UTC)
SMALL = Design(seed=1, people=2, captures=2, size_px=64)
FEW = Design(seed=1, people=3, captures=2, size_px=256)
TRUTH = np.array([(40, 40), (80, 40), (60, 60), (45, 80), (75, 80)], np.float32)


@pytest.fixture(scope="module")
def engine(detector: Detector, embedder: Embedder) -> Engine:
    capture = CaptureSettings()
    return Engine(ChildDecoder(capture.decode), detector, embedder, capture)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("renders")


@pytest.fixture(scope="module")
def audit(engine: Engine, kept: Path, london: Path) -> ToneAudit:
    """Three people darkened from tone to tone."""
    threshold = wiring.starter_record("offline")
    return audit_tone(
        Probe(engine, WEIGHTS, 0.25, threshold), Renders(open_recoloured_studio, kept, 2), FEW, NOW
    )


# --- Renders --------------------------------------------------------------------------------------


def test_what_was_rendered_is_not_rendered_again(tmp_path: Path) -> None:
    renders = Renders(open_drawn_studio, tmp_path, 2)
    seen: list[tuple[int, int]] = []
    cache, rendered = render_missing(renders, SMALL, NOW, lambda *each: seen.append(each))
    assert rendered == 4
    assert seen == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]
    assert render_missing(renders, SMALL, NOW)[1] == 0
    assert render_missing(renders, replace(SMALL, people=3), NOW)[1] == 2
    for shot in SMALL.shots():
        portraits = cache.read(shot.person_seed, shot.capture_seed, TONES)
        assert portraits is not None
        assert portraits == tuple(
            replace(each, landmarks=mine.landmarks)
            for each, mine in zip(
                open_drawn_studio().portraits(shot.person_seed, shot.capture_seed, TONES, 64),
                portraits,
                strict=True,
            )
        )


def test_everyone_is_seen_in_the_same_captures() -> None:
    seeds = {shot.capture: shot.capture_seed for shot in FEW.shots()}
    assert all(shot.capture_seed == seeds[shot.capture] for shot in FEW.shots())
    assert len({shot.person_seed for shot in FEW.shots()}) == FEW.people


def test_another_studio_or_size_shares_no_renders(tmp_path: Path) -> None:
    render_missing(Renders(open_drawn_studio, tmp_path, 1), SMALL, NOW)
    assert render_missing(Renders(open_other_studio, tmp_path, 1), SMALL, NOW)[1] == 4
    larger = replace(SMALL, size_px=96)
    assert render_missing(Renders(open_drawn_studio, tmp_path, 1), larger, NOW)[1] == 4


def test_a_render_that_was_cut_or_changed_is_made_anew(tmp_path: Path) -> None:
    renders = Renders(open_drawn_studio, tmp_path, 1)
    render_missing(renders, SMALL, NOW)
    first, second, *_ = sorted(tmp_path.rglob("*.zip"))
    first.write_bytes(first.read_bytes()[:100])
    second.write_bytes(second.read_bytes().replace(b"JFIF", b"JFIX", 1))
    assert render_missing(renders, SMALL, NOW)[1] == 2
    assert render_missing(renders, SMALL, NOW)[1] == 0


def test_renders_of_another_studio_under_ones_name_are_not_believed(tmp_path: Path) -> None:
    cache, _ = render_missing(Renders(open_drawn_studio, tmp_path, 1), SMALL, NOW)
    posing = RenderCache(tmp_path, cache.studio[:16] + OtherStudio.digest[16:], SMALL.size_px)
    shot = next(SMALL.shots())
    assert cache.read(shot.person_seed, shot.capture_seed, TONES) is not None
    assert posing.read(shot.person_seed, shot.capture_seed, TONES) is None


def test_a_process_that_dies_leaves_what_was_done_and_no_halves(tmp_path: Path) -> None:
    design = replace(SMALL, people=4)
    with pytest.raises(ChisoError) as caught:
        render_missing(Renders(open_dying_studio, tmp_path, 1), design, NOW)
    assert caught.value.code is Code.STUDIO_FAILED
    assert len(list(tmp_path.rglob("*.zip"))) == 2
    assert not list(tmp_path.rglob("*.part"))
    assert render_missing(Renders(open_drawn_studio, tmp_path, 1), design, NOW)[1] == 6


def test_halves_are_swept_only_when_nobody_can_be_writing_them(tmp_path: Path) -> None:
    renders = Renders(open_drawn_studio, tmp_path, 1)
    render_missing(renders, SMALL, NOW)
    shelf = next(tmp_path.rglob("*.zip")).parent
    old, fresh = shelf / ".old.part", shelf / ".fresh.part"
    for half, age in ((old, ABANDONED_AFTER), (fresh, ABANDONED_AFTER - timedelta(minutes=1))):
        half.write_bytes(b"half")
        moment = (NOW - age).timestamp() - 1
        os.utime(half, (moment, moment))
    assert render_missing(renders, SMALL, NOW)[1] == 0
    assert (old.exists(), fresh.exists()) == (False, True)


def test_a_studio_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    with pytest.raises(ChisoError, match="not installed"):
        render_missing(Renders(open_missing_studio, tmp_path, 1), SMALL, NOW)


def test_a_cache_that_cannot_be_written_to_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ChisoError, match="cannot be kept") as caught:
        render_missing(Renders(open_drawn_studio, tmp_path / "file", 1), SMALL, NOW)
    assert caught.value.code is Code.FILE_UNREADABLE


# --- Readings -------------------------------------------------------------------------------------


def _face(shift_px: float) -> Face:
    landmarks = TRUTH + np.array([shift_px, 0], np.float32)
    return Face(Box(0, 0, 100, 100), landmarks, 0.9)


@pytest.mark.parametrize(("shift_px", "hit"), [(0, True), (20, True), (20.5, False), (60, False)])
def test_a_face_is_found_where_its_eyes_are(shift_px: float, hit: bool) -> None:
    assert is_hit(_face(shift_px), TRUTH) == hit
    assert landmark_error(_face(shift_px), TRUTH) == pytest.approx(shift_px / 40)


def test_one_eye_in_its_place_is_no_hit() -> None:
    landmarks = TRUTH.copy()
    landmarks[0] = (10, 10)
    assert not is_hit(Face(Box(0, 0, 100, 100), landmarks, 0.9), TRUTH)


def test_every_limit_is_asked_by_itself() -> None:
    good = Quality(60.0, 0.5, 0.0, 50.0, 0.0, 0.0, 0.0)
    assert refusals(good, ENROLMENT_LIMITS) == ()
    bad = replace(good, inter_eye_px=20.0, sharpness=0.25, contrast_levels=1.0, pitch_deg=-35.0)
    assert refusals(bad, ENROLMENT_LIMITS) == (
        Code.FACE_TOO_SMALL,
        Code.TURNED_AWAY,
        Code.LOW_CONTRAST,
        Code.BLURRED,
    )
    assert refusals(bad, PROBE_LIMITS) == (Code.LOW_CONTRAST,)


def test_no_face_is_a_reading_too(engine: Engine, tmp_path: Path) -> None:
    audit = audit_tone(
        Probe(engine, WEIGHTS, 0.25, None), Renders(open_drawn_studio, tmp_path, 1), SMALL, NOW
    )
    assert not any(reading.is_found for reading in audit.readings.each)
    assert np.isnan(audit.readings.templates.references).all()
    assert np.isnan(audit.readings.templates.probes).all()
    rate = audit.result(of.DETECTION_RATE)
    assert rate is not None
    assert [level.events for level in rate.levels] == [0] * 10
    assert {stage.outcome for stage in audit.stages} == {Outcome.CANNOT_TELL}


# --- The audit ------------------------------------------------------------------------------------


def test_every_portrait_is_measured_at_every_tone(audit: ToneAudit) -> None:
    assert len(audit.readings.each) == FEW.portraits == 60
    assert all(reading.is_found for reading in audit.readings.each)
    assert {reading.tone for reading in audit.readings.each} == set(TONES)
    assert [dict(each)["light"] for each in audit.readings.captures] == ["flash", "flash"]


def test_a_photo_is_one_template_as_a_reference_and_another_as_a_probe(
    audit: ToneAudit, engine: Engine, kept: Path
) -> None:
    cache = RenderCache(kept, audit.studio, FEW.size_px)
    shot = next(FEW.shots())
    portraits = cache.read(shot.person_seed, shot.capture_seed, TONES)
    assert portraits is not None
    seen = faces_in(engine, portraits[4].jpeg, PROBE_LIMITS)
    assert not isinstance(seen, Refusal)
    chip = seen[0].aligned.chip
    (reference,), (probe,) = engine.embedder.embed_references([chip]), engine.embedder.embed([chip])
    templates = audit.readings.templates
    assert templates.references[0, 0, 4] == pytest.approx(reference.vector, abs=1e-5)
    assert templates.probes[0, 0, 4] == pytest.approx(probe.vector, abs=1e-5)
    assert templates.references[0, 0, 4] != pytest.approx(probe.vector, abs=1e-2)
    assert (np.isnan(templates.references) == np.isnan(templates.probes)).all()


def test_every_two_photos_are_compared_both_ways(audit: ToneAudit) -> None:
    trials = {
        name: [level.trials for level in result.levels]
        for name in (of.FNMR, of.FMR, of.FNMR_ACROSS, of.FMR_ACROSS, of.MOVED_ANGLE)
        if (result := audit.result(name)) is not None
    }
    # Three people in two captures: one pair of photos of each, two of every two people.
    assert trials[of.FNMR] == [6] * 10
    assert trials[of.FMR] == [12] * 10
    assert trials[of.FNMR_ACROSS] == [12] * 4 + [6] + [12] * 5
    assert trials[of.FMR_ACROSS] == [24] * 4 + [12] + [24] * 5
    assert trials[of.MOVED_ANGLE] == [6] * 4 + [0] + [6] * 5
    assert audit.pooled is not None
    assert audit.pooled.same_comparisons == 12 * 10
    assert audit.pooled.different_comparisons == 12 * 10 * 9


def test_darker_pictures_have_less_contrast_and_faces_move(audit: ToneAudit) -> None:
    contrast, moved = audit.result("contrast_levels"), audit.result(of.MOVED_ANGLE)
    assert contrast is not None
    assert moved is not None
    values = [level.value for level in contrast.levels]
    assert values == sorted(values, reverse=True)
    assert moved.levels[9].value > moved.levels[5].value > 0
    assert moved.levels[4].trials == 0
    assert moved.differences == ()


def test_a_person_is_nearer_to_herself_than_to_others(audit: ToneAudit) -> None:
    same, different = audit.result(of.SAME_ANGLE), audit.result(of.DIFFERENT_ANGLE)
    assert same is not None
    assert different is not None
    for mine, others in zip(same.levels, different.levels, strict=True):
        assert mine.value < others.value
    assert same.margin == pytest.approx(0.05 * (different.levels[4].value - same.levels[4].value))


def test_three_people_settle_nothing(audit: ToneAudit) -> None:
    assert {stage.outcome for stage in audit.stages} == {Outcome.CANNOT_TELL}


def test_the_same_photo_at_every_tone_shows_no_difference(
    engine: Engine, tmp_path: Path, london: Path
) -> None:
    threshold = wiring.starter_record("offline")
    renders = Renders(open_equal_studio, tmp_path, 2)
    audit = audit_tone(
        Probe(engine, WEIGHTS, 0.25, threshold), renders, replace(FEW, people=10), NOW
    )
    for result in audit.results:
        assert all(abs(each.value) < 1e-6 for each in result.differences), result.name
    embed = audit.stages[2]
    assert (embed.stage, embed.outcome) == (Stage.EMBED, Outcome.NONE)
    assert audit.stages[0].outcome is Outcome.CANNOT_TELL  # ten people cannot clear a rate


def test_without_a_threshold_nothing_is_decided(
    engine: Engine, kept: Path, audit: ToneAudit
) -> None:
    acts: list[Act] = []
    renders = Renders(open_recoloured_studio, kept, 1)
    again = audit_tone(
        Probe(engine, WEIGHTS, 0.25, None), renders, FEW, NOW, lambda act, *_: acts.append(act)
    )
    assert again.rendered == 0
    assert acts == [Act.RENDER, *[Act.MEASURE] * 6]
    assert again.result(of.FMR) is None
    assert again.pooled is None
    assert again.stages[3].measures == ()
    others = tuple(each for each in audit.results if each.stage is not Stage.DECIDE)
    assert repr(others) == repr(again.results)  # NaN is not equal to itself


def test_another_models_threshold_is_refused_before_anything_is_rendered(
    engine: Engine, tmp_path: Path
) -> None:
    starter = wiring.starter_record("offline")
    assert starter is not None
    foreign = replace(starter, model=ModelDigest("00" * 32))
    with pytest.raises(ChisoError) as caught:
        audit_tone(
            Probe(engine, WEIGHTS, 0.25, foreign),
            Renders(open_drawn_studio, tmp_path, 1),
            SMALL,
            NOW,
        )
    assert caught.value.code is Code.MODEL_MISMATCH
    assert not any(tmp_path.iterdir())


def test_the_statement_that_nobody_is_pictured_names_the_studio(audit: ToneAudit) -> None:
    assert audit.studio in audit.statement
    assert "do not exist" in audit.statement
    assert statement_sha256(audit.studio) != statement_sha256("another")
