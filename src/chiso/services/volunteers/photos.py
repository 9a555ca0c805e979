"""Render photos into a folder that `chiso demo` and `chiso threshold fit` read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from chiso.services.volunteers.crew import OpenStudio, crew, opened, studio_digest
from chiso.services.volunteers.folder import Terms, agree, agreed, held, write_whole
from chiso.services.volunteers.journal import (
    PhotoFacts,
    facts_of,
    note,
    read_journal,
    write_journal,
)
from chiso.services.volunteers.lists import PEOPLE_FILE, PHOTOS_FILE, people_list, photo_list
from chiso.services.volunteers.outcome import Rendered, Standing, Told
from chiso.services.volunteers.plan import PhotoPlan, Sitting


@dataclass(frozen=True, slots=True)
class _Photo:
    facts: PhotoFacts
    jpeg: bytes


def render_photos(
    plan: PhotoPlan, folder: Path, open_studio: OpenStudio, jobs: int, told: Told
) -> Rendered:
    """Render what the folder lacks of the plan; the same files, however many processes do it.

    More people, or more captures of each, may be asked for later. `told` hears of each sitting.
    Raises ChisoError: BAD_ARGUMENT where the folder holds something else, STUDIO_FAILED,
    STORE_BUSY, STORE_FULL, FILE_UNREADABLE, and what `open_studio` raises.
    """
    with held(folder), crew(jobs) as working:
        terms = _terms(plan, working.result(studio_digest, open_studio))
        agreed(folder, terms)
        agree(folder, terms)
        known = read_journal(folder)
        write_journal(folder, known.values())
        missing = [each for each in plan.sittings() if not _is_done(plan, each, known)]
        to_do = sum(len(each.tones) for each in missing)
        here = plan.count - to_do
        told(Standing(here, here))
        work = partial(_photos, open_studio, plan)
        for photos in working.results(work, missing):
            for photo in photos:
                write_whole(folder / photo.facts.photo, photo.jpeg)
                known[photo.facts.photo] = photo.facts
            note(folder, (each.facts for each in photos))
            here += len(photos)
            told(Standing(here, here))
    in_order = [
        known[plan.photo(sitting, tone)] for sitting in plan.sittings() for tone in sitting.tones
    ]
    write_journal(folder, in_order)
    write_whole(folder / PHOTOS_FILE, photo_list(in_order))
    write_whole(folder / PEOPLE_FILE, people_list(in_order))
    return Rendered(plan.count, to_do, terms.studio)


def _photos(open_studio: OpenStudio, plan: PhotoPlan, sitting: Sitting) -> list[_Photo]:
    """One sitting's photos; runs in a process of the crew."""
    studio = opened(open_studio)
    portraits = studio.portraits(sitting.person, sitting.capture, sitting.tones, plan.size_px)
    subject = plan.subject(sitting)
    return [
        _Photo(facts_of(each, plan.photo(sitting, each.tone), subject), each.jpeg)
        for each in portraits
    ]


def _is_done(plan: PhotoPlan, sitting: Sitting, known: dict[str, PhotoFacts]) -> bool:
    return all(plan.photo(sitting, tone) in known for tone in sitting.tones)


def _terms(plan: PhotoPlan, studio: str) -> Terms:
    fixed = {
        "format": 1,
        "kind": "photos",
        "seed": plan.seed,
        "tones": plan.tones,
        "one_tone": plan.one_tone,
        "posed": plan.posed,
        "size_px": plan.size_px,
        "subject_digits": plan.subject_digits,
        "capture_digits": plan.capture_digits,
    }
    return Terms(studio, fixed, {"people": plan.people, "captures": plan.captures})
