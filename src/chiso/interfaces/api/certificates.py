"""An erasure certificate as an answer."""

from __future__ import annotations

from pydantic import BaseModel, Field

from chiso.account.erasure import ErasureCertificate
from chiso.interfaces.api.fields import Signature
from chiso.services.erasure import certificate_document


class Certificate(BaseModel):
    """What was erased, signed by the home. `chiso erasure verify` checks it, wherever it is kept.

    It says the person's id, and not what she is called: that was erased too.
    """

    subject: str | None = Field(examples=[None])
    references: int = Field(examples=[2])
    receipts: int = Field(examples=[1])
    receipts_withdrawn: int = Field(examples=[0])
    log_payloads: int = Field(examples=[9])
    key_destroyed: bool = Field(examples=[True])
    certificate: str = Field(
        description="The signed text.",
        examples=['{"at":"2026-11-25T08:30:00Z","checkpoint_after":…'],
    )
    signature: Signature


def certificate_answer(certificate: ErasureCertificate) -> Certificate:
    """A certificate as an answer."""
    return Certificate.model_validate(certificate_document(certificate))
