"""What the demo found out, act by act, and whether each act went as it should."""

from __future__ import annotations

from dataclasses import dataclass

from chiso.account.erasure import ErasureCertificate
from chiso.account.verify import LogReport
from chiso.core.decisions import ThresholdRecord
from chiso.core.errors import Code
from chiso.core.samples import Refusal
from chiso.services.demo.cast import Cast, Claim, Volunteer
from chiso.services.demo.group_picture import GroupPicture
from chiso.services.demo.recognition import Recognition
from chiso.services.identify import FaceAnswer
from chiso.services.verify import VerifyAnswer


@dataclass(frozen=True, slots=True)
class Enrolment:
    """One person's enrolment; `refusal` says why the photo could not be used, if it could not."""

    volunteer: Volunteer
    refusal: Refusal | None
    elapsed_s: float


@dataclass(frozen=True, slots=True)
class Verification:
    """A claim, and what it was answered."""

    claim: Claim
    answer: VerifyAnswer | Refusal
    elapsed_s: float

    @property
    def is_right(self) -> bool:
        """A true claim accepted, or a false one turned down."""
        if isinstance(self.answer, Refusal):
            return False
        return self.answer.verified.match == self.claim.is_true


@dataclass(frozen=True, slots=True)
class GroupScene:
    """The group picture, everyone placed in it, and faces found where nobody was placed."""

    picture: GroupPicture
    people: tuple[Recognition, ...]
    elsewhere: tuple[FaceAnswer, ...]
    elapsed_s: float

    @property
    def right(self) -> int:
        """How many of those placed were answered rightly."""
        return sum(each.is_right for each in self.people)


@dataclass(frozen=True, slots=True)
class Sighting:
    """How many pieces of one trace the home's files held before a withdrawal, and hold after."""

    what: str
    size_bytes: int
    is_stored: bool
    pieces: int
    before: int
    after: int

    @property
    def is_right(self) -> bool:
        """Whole before if it is stored at all, never there if not, and gone after."""
        return self.before == (self.pieces if self.is_stored else 0) and self.after == 0


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """One person's withdrawal: shown before and after, and looked for in every byte.

    `likeness_after` is the largest cosine between the template and any run of numbers in the files.
    `claim_refused` is the code with which a verification was refused afterwards.
    """

    before: Recognition
    after: Recognition
    claim_refused: Code | None
    certificate: ErasureCertificate
    sightings: tuple[Sighting, ...]
    likeness_before: float
    likeness_after: float
    files: int
    size_bytes: int
    elapsed_s: float

    @property
    def traces_left(self) -> int:
        """How many pieces of anything are still there."""
        return sum(each.after for each in self.sightings)


@dataclass(frozen=True, slots=True)
class DemoResult:
    """The whole story."""

    cast: Cast
    enrolments: tuple[Enrolment, ...]
    shown: tuple[Recognition, ...]
    verifications: tuple[Verification, ...]
    other_purpose_refused: Code | None
    scene: GroupScene
    withdrawal: Withdrawal
    log: LogReport
    checkpoint: str
    threshold: ThresholdRecord
    loading_s: float
    elapsed_s: float

    @property
    def enrolled_shown(self) -> tuple[Recognition, ...]:
        """Second photos of people who were enrolled."""
        return tuple(each for each in self.shown if each.is_enrolled)

    @property
    def strangers_shown(self) -> tuple[Recognition, ...]:
        """Second photos of people who were not."""
        return tuple(each for each in self.shown if not each.is_enrolled)
