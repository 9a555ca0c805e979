"""Fields that several answers have: each with an example, as the OpenAPI document shows it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

PERSON = "5f0c2f4e-8a51-4d0b-9f0e-3c1b7a9d2e64"
RECEIPT = "9d6f0a52-5a0e-4d5c-8f77-0f4a4c1f2b11"
CARD = "3f2a91c4-07be-4d0b-9f0e-3c1b7a9d2e64"
KEY = "8a0e6f7f-72be-4003-a942-2a6f9c716d7d"
THRESHOLD = "london-worst-group-0.001-ee718ee9"
LOG = "chiso/1b5c2e28-090c-4853-913b-4beb17d48049"
HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_MODEL = "0ae3ebed5539ca6610046416d87ab3d208e848e68b2a25afd5d2aeefc840eed7"
_NOTE = f"{LOG}\n12\n+DahuZ6ADKeMuni++iuwVQOzlCFKW4NMUWCw1G01EuA=\n\n— {LOG} 6vAfP1kY…\n"

PersonId = Annotated[str, Field(examples=[PERSON])]
PersonIdOrNull = Annotated[str | None, Field(examples=[PERSON])]
ReceiptNumber = Annotated[str, Field(examples=[RECEIPT])]
CardId = Annotated[str, Field(examples=[CARD])]
CardNumber = Annotated[
    str, Field(description="What is printed on it.", examples=["3F2A 91C4 07BE"])
]
Sha256 = Annotated[str, Field(description="SHA-256 in hex.", examples=[HASH])]
Hashes = Annotated[list[str], Field(examples=[[HASH]])]
Model = Annotated[str, Field(examples=[_MODEL])]
Signature = Annotated[str, Field(description="Ed25519, in Base64.", examples=["fWemS6q7Nw8n…"])]
Note = Annotated[str, Field(description="A signed note (C2SP tlog-checkpoint).", examples=[_NOTE])]
Past = Annotated[datetime, Field(examples=["2026-11-25T08:30:00Z"])]
End = Annotated[datetime, Field(examples=["2027-12-31T23:59:59Z"])]
NotYet = Annotated[datetime | None, Field(examples=[None])]
TextOrNull = Annotated[str | None, Field(examples=[None])]
Yes = Annotated[bool, Field(examples=[True])]
Reason = Annotated[
    str | None, Field(description="Why it was refused; null where it was not.", examples=[None])
]
Hint = Annotated[str | None, Field(description="What to do about it.", examples=[None])]
Score = Annotated[
    float | None, Field(description="Only with the scope `scores`.", examples=[0.9881])
]
Llr = Annotated[
    float | None, Field(description="In nats; only with the scope `scores`.", examples=[3.186])
]
