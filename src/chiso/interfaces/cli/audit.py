"""`chiso audit …`: the group of commands that measure."""

from __future__ import annotations

import typer

from chiso.interfaces.cli.audit_embeddings import embeddings
from chiso.interfaces.cli.audit_photos import photos
from chiso.interfaces.cli.audit_scores import scores
from chiso.interfaces.cli.audit_tone import tone

app = typer.Typer(
    help="Audits, by group: photos, embeddings, scores. And of skin tone alone: tone.",
    no_args_is_help=True,
)
app.command("photos")(photos)
app.command("embeddings")(embeddings)
app.command("scores")(scores)
app.command("tone")(tone)
