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


class Code(StrEnum):
    """Stable codes. They are an interface: never rename one, never reuse one."""

    BAD_ARGUMENT = "bad-argument"
    BAD_MANIFEST = "bad-manifest"
    BAD_TABLE = "bad-table"
    HOME_EXISTS = "home-exists"
    WITNESS_EXISTS = "witness-exists"
    NOT_A_FILE = "not-a-file"

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
        Code.STORE_FULL,
        Code.STORE_BUSY,
        Code.VOLUNTEERS_MISSING,
    ),
}
_KINDS: dict[Code, Kind] = {code: kind for kind, codes in _GROUPS.items() for code in codes}


class ChisoError(Exception):
    """A broken contract, policy or system: what happened, to what, and what to do now."""

    def __init__(self, code: Code, message: str, hint: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint

    @property
    def kind(self) -> Kind:
        """The kind of failure, which decides the exit status."""
        return self.code.kind
