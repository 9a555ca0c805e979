"""`people.csv` and `photos.csv`: who was rendered, and every photo with its true landmarks."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from chiso.services.volunteers.journal import PhotoFacts

PEOPLE_FILE = "people.csv"
PHOTOS_FILE = "photos.csv"
_LANDMARKS = ("image_left_eye", "image_right_eye", "nose", "image_left_mouth", "image_right_mouth")


def people_list(photos: Iterable[PhotoFacts]) -> bytes:
    """A row a person: subject, seed, tones (a space between them), and her traits."""
    of_subject: dict[str, list[PhotoFacts]] = {}
    for photo in photos:
        of_subject.setdefault(photo.subject, []).append(photo)
    return _csv(
        [
            {
                "subject": subject,
                "person": str(hers[0].person),
                "tone": " ".join(str(tone) for tone in sorted({each.tone for each in hers})),
                **hers[0].person_traits,
            }
            for subject, hers in of_subject.items()
        ]
    )


def photo_list(photos: Iterable[PhotoFacts]) -> bytes:
    """A row a photo: file, subject, seeds, tone, landmarks in pixels, and the capture's traits."""
    return _csv(
        [
            {
                "photo": each.photo,
                "subject": each.subject,
                "person": str(each.person),
                "capture": str(each.capture),
                "tone": str(each.tone),
                **each.capture_traits,
                **_columns(each.landmarks),
                "sha256": each.sha256,
            }
            for each in photos
        ]
    )


def _columns(landmarks: Sequence[Sequence[float]]) -> dict[str, str]:
    return {
        f"{name}_{axis}_px": f"{value:.3f}"
        for name, point in zip(_LANDMARKS, landmarks, strict=True)
        for axis, value in zip("xy", point, strict=True)
    }


def _csv(rows: Sequence[Mapping[str, str]]) -> bytes:
    """Columns in the order in which the rows first have them; empty where a row has none."""
    columns = dict.fromkeys(column for row in rows for column in row)
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, list(columns), restval="", lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue().encode()
