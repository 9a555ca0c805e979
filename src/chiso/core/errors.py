"""Every way Chiso can fail: one exception, a closed list of stable codes, and what kind each is."""

from __future__ import annotations

from enum import Enum, StrEnum

PUT_BACK_A_BACKUP = "Keep a copy of the home as it is, and put back a backup with `chiso restore`."
"""What there is to do, in every hint of an error about a home that is not whole."""


class Kind(Enum):
    """What a failure means to the caller; interfaces map it to an exit status or an HTTP status."""

    USAGE = "usage"
    REFUSED_SAMPLE = "refused-sample"
    CONSENT = "consent"
    INTEGRITY = "integrity"
    MISSING = "missing"
    ACCESS = "access"


class Code(StrEnum):
    """Stable codes. They are an interface: never rename one, never reuse one."""

    BAD_ARGUMENT = "bad-argument"
    BAD_MANIFEST = "bad-manifest"
    BAD_TABLE = "bad-table"
    HOME_EXISTS = "home-exists"
    WITNESS_EXISTS = "witness-exists"
    NOT_A_FILE = "not-a-file"
    KEY_REUSED = "key-reused"
    UNSAFE_ADDRESS = "unsafe-address"
    BODY_TOO_LARGE = "body-too-large"
    BODY_TOO_SLOW = "body-too-slow"

    NO_FACE = "no-face"
    SEVERAL_FACES = "several-faces"
    FACE_TOO_SMALL = "face-too-small"
    BLURRED = "blurred"
    CLIPPED = "clipped"
    LOW_CONTRAST = "low-contrast"
    TURNED_AWAY = "turned-away"
    NOT_AN_IMAGE = "not-an-image"
    UNSUPPORTED_FORMAT = "unsupported-format"
    ANIMATED = "animated"
    DAMAGED_IMAGE = "damaged-image"
    IMAGE_TOO_LARGE = "image-too-large"
    IMAGE_TOO_SMALL = "image-too-small"
    DECODER_STOPPED = "decoder-stopped"

    NO_CONSENT = "no-consent"
    CONSENT_EXPIRED = "consent-expired"
    CONSENT_NOT_YET = "consent-not-yet"
    CONSENT_WITHDRAWN = "consent-withdrawn"
    CONSENT_INACTIVE = "consent-inactive"
    CONSENT_TOO_LONG = "consent-too-long"
    WRONG_PURPOSE = "wrong-purpose"
    WRONG_MODE = "wrong-mode"
    ERASURES_UNKNOWN = "erasures-unknown"

    NOT_SIGNED_IN = "not-signed-in"
    NOT_ALLOWED = "not-allowed"
    TOO_MANY_ATTEMPTS = "too-many-attempts"
    BUSY = "busy"
    LINK_ENDED = "link-ended"
    CARD_ALTERED = "card-altered"
    CARD_EXPIRED = "card-expired"
    CARD_FOREIGN = "card-foreign"
    CARD_REVOKED = "card-revoked"
    CARD_UNREADABLE = "card-unreadable"

    LOG_BROKEN = "log-broken"
    LOG_FORKED = "log-forked"
    COSIGNATURE_INVALID = "cosignature-invalid"
    WITNESS_DAMAGED = "witness-damaged"
    WITNESS_FORGOT = "witness-forgot"
    RECEIPT_INVALID = "receipt-invalid"
    CERTIFICATE_INVALID = "certificate-invalid"
    THRESHOLD_INVALID = "threshold-invalid"
    KEY_MISSING = "key-missing"
    WRONG_OPERATOR_KEY = "wrong-operator-key"
    TEMPLATE_UNREADABLE = "template-unreadable"
    DIGEST_MISMATCH = "digest-mismatch"
    MODEL_MISMATCH = "model-mismatch"
    MODEL_FAILED = "model-failed"
    STUDIO_FAILED = "studio-failed"
    STORE_DAMAGED = "store-damaged"
    ERASURE_UNFINISHED = "erasure-unfinished"
    ROTATION_UNFINISHED = "rotation-unfinished"
    BACKUP_DAMAGED = "backup-damaged"

    HOME_MISSING = "home-missing"
    HOME_UNREADABLE = "home-unreadable"
    HOME_NEWER = "home-newer"
    OPERATOR_KEY_MISSING = "operator-key-missing"
    FILE_MISSING = "file-missing"
    FILE_UNREADABLE = "file-unreadable"
    MODEL_MISSING = "model-missing"
    DECODER_MISSING = "decoder-missing"
    NO_NETWORK = "no-network"
    WITNESS_MISSING = "witness-missing"
    WITNESS_SILENT = "witness-silent"
    WITNESS_REFUSED = "witness-refused"
    DATA_MISSING = "data-missing"
    THRESHOLD_MISSING = "threshold-missing"
    REFERENCE_MISSING = "reference-missing"
    LEAF_MISSING = "leaf-missing"
    KEY_UNKNOWN = "key-unknown"
    ACCOUNT_UNKNOWN = "account-unknown"
    CARD_UNKNOWN = "card-unknown"
    NOT_FOUND = "not-found"
    STORE_FULL = "store-full"
    STORE_BUSY = "store-busy"
    VOLUNTEERS_MISSING = "volunteers-missing"

    @property
    def kind(self) -> Kind:
        """The kind of failure this code names."""
        return _KINDS[self]


_GROUPS: dict[Kind, tuple[Code, ...]] = {
    Kind.USAGE: (
        Code.BAD_ARGUMENT,
        Code.BAD_MANIFEST,
        Code.BAD_TABLE,
        Code.HOME_EXISTS,
        Code.WITNESS_EXISTS,
        Code.NOT_A_FILE,
        Code.KEY_REUSED,
        Code.UNSAFE_ADDRESS,
        Code.BODY_TOO_LARGE,
        Code.BODY_TOO_SLOW,
    ),
    Kind.REFUSED_SAMPLE: (
        Code.NO_FACE,
        Code.SEVERAL_FACES,
        Code.FACE_TOO_SMALL,
        Code.BLURRED,
        Code.CLIPPED,
        Code.LOW_CONTRAST,
        Code.TURNED_AWAY,
        Code.NOT_AN_IMAGE,
        Code.UNSUPPORTED_FORMAT,
        Code.ANIMATED,
        Code.DAMAGED_IMAGE,
        Code.IMAGE_TOO_LARGE,
        Code.IMAGE_TOO_SMALL,
        Code.DECODER_STOPPED,
        Code.CARD_UNREADABLE,
    ),
    Kind.CONSENT: (
        Code.NO_CONSENT,
        Code.CONSENT_EXPIRED,
        Code.CONSENT_NOT_YET,
        Code.CONSENT_WITHDRAWN,
        Code.CONSENT_INACTIVE,
        Code.CONSENT_TOO_LONG,
        Code.WRONG_PURPOSE,
        Code.WRONG_MODE,
        Code.ERASURES_UNKNOWN,
        Code.CARD_EXPIRED,
        Code.CARD_REVOKED,
    ),
    Kind.ACCESS: (
        Code.NOT_SIGNED_IN,
        Code.NOT_ALLOWED,
        Code.TOO_MANY_ATTEMPTS,
        Code.BUSY,
        Code.LINK_ENDED,
    ),
    Kind.INTEGRITY: (
        Code.LOG_BROKEN,
        Code.LOG_FORKED,
        Code.COSIGNATURE_INVALID,
        Code.WITNESS_DAMAGED,
        Code.WITNESS_FORGOT,
        Code.RECEIPT_INVALID,
        Code.CERTIFICATE_INVALID,
        Code.THRESHOLD_INVALID,
        Code.KEY_MISSING,
        Code.WRONG_OPERATOR_KEY,
        Code.TEMPLATE_UNREADABLE,
        Code.DIGEST_MISMATCH,
        Code.MODEL_MISMATCH,
        Code.MODEL_FAILED,
        Code.STUDIO_FAILED,
        Code.STORE_DAMAGED,
        Code.ERASURE_UNFINISHED,
        Code.ROTATION_UNFINISHED,
        Code.BACKUP_DAMAGED,
        Code.CARD_ALTERED,
        Code.CARD_FOREIGN,
    ),
    Kind.MISSING: (
        Code.HOME_MISSING,
        Code.HOME_UNREADABLE,
        Code.HOME_NEWER,
        Code.OPERATOR_KEY_MISSING,
        Code.FILE_MISSING,
        Code.FILE_UNREADABLE,
        Code.MODEL_MISSING,
        Code.DECODER_MISSING,
        Code.NO_NETWORK,
        Code.WITNESS_MISSING,
        Code.WITNESS_SILENT,
        Code.WITNESS_REFUSED,
        Code.DATA_MISSING,
        Code.THRESHOLD_MISSING,
        Code.REFERENCE_MISSING,
        Code.LEAF_MISSING,
        Code.KEY_UNKNOWN,
        Code.ACCOUNT_UNKNOWN,
        Code.CARD_UNKNOWN,
        Code.NOT_FOUND,
        Code.STORE_FULL,
        Code.STORE_BUSY,
        Code.VOLUNTEERS_MISSING,
    ),
}
_KINDS: dict[Code, Kind] = {code: kind for kind, codes in _GROUPS.items() for code in codes}


class ChisoError(Exception):
    """A broken contract, policy or system: what happened, to what, and what to do now."""

    def __init__(
        self, code: Code, message: str, hint: str, retry_after_s: int | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.retry_after_s = retry_after_s
        """After how many seconds the same call may succeed; None where time alone mends nothing."""

    @property
    def kind(self) -> Kind:
        """The kind of failure, which decides the exit status."""
        return self.code.kind
