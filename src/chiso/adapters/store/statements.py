"""Statements that each leaf of the log runs: building one takes longer than SQLite takes over it.

Values come beside them, so that none of a person's stays in them.
"""

from __future__ import annotations

from sqlalchemy import bindparam, insert, select, update

from chiso.adapters.store.schema import (
    log_checkpoints,
    log_head,
    log_leaves,
    log_nodes,
    log_payloads,
    settings,
)

HEAD = select(log_head)
CHANGE_HEAD = update(log_head)
FIRST_HEAD = insert(log_head)
ADD_LEAF = insert(log_leaves)
ADD_PAYLOAD = insert(log_payloads)
ADD_NODES = insert(log_nodes)
SETTING = select(settings.c.value).where(settings.c.name == bindparam("setting"))
"""`setting`: its name."""
KEPT_CHECKPOINTS = select(log_checkpoints).order_by(log_checkpoints.c.size.desc())
NEWEST_CHECKPOINTS = KEPT_CHECKPOINTS.limit(bindparam("count"))
"""`count`: so many of them at most."""
