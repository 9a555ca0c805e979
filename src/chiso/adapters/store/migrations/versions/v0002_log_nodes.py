"""The log's inner nodes, so that a proof reads a few of them instead of every leaf."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chiso.account.merkle import grown
from chiso.adapters.store.rows import blob, position_of
from chiso.adapters.store.schema import Whole

revision = "0002"
down_revision = "0001"

_ROWS_AT_ONCE = 1000


def upgrade() -> None:
    """Add the table, and fill it from the leaves that are there."""
    nodes = op.create_table(
        "log_nodes",
        sa.Column("position", Whole, primary_key=True, autoincrement=False),
        sa.Column("node_hash", sa.LargeBinary(32), nullable=False),
    )
    connection = op.get_bind()
    leaves = connection.execute(sa.text("SELECT leaf_hash FROM log_leaves ORDER BY seq")).scalars()
    peaks: tuple[bytes, ...] = ()
    size = 0
    for batch in leaves.partitions(_ROWS_AT_ONCE):
        rows = []
        for leaf in batch:
            tree = grown(peaks, size, blob(leaf))
            peaks, size = tree.peaks, size + 1
            rows += [
                {"position": position_of(node), "node_hash": root} for node, root in tree.completed
            ]
        if rows:
            op.bulk_insert(nodes, rows)
