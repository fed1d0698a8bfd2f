"""What people ruled on verdicts and questions."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, String, Table, Text

from bot.store.instants import UtcDateTime
from bot.store.tables.base import metadata

correction = Table(
    "correction",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("learner_id", ForeignKey("learner.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("place", String(64), nullable=False),
    Column("item_id", String(40), nullable=False),
    Column("point_id", String(20), nullable=False),
    Column("before", String(8), nullable=False),
    Column("after", String(8), nullable=False),
    Column("exemplar", Text, nullable=False),
    Column("ruled_at", UtcDateTime, nullable=False),
    Index("ix_correction_point", "place", "item_id", "point_id", "ruled_at"),
    info={"privacy": "learner", "keep_days": None},
)
"""The log of rulings on verdicts. `exemplar` holds the learner's words, so the row goes when they say forget."""

correction_author = Table(
    "correction_author",
    metadata,
    Column("correction_id", ForeignKey("correction.id", ondelete="CASCADE"), primary_key=True),
    Column("platform", String(20), nullable=False),
    Column("workspace", String(40), nullable=False),
    Column("user_id", String(40), nullable=False),
    info={"privacy": "person", "keep_days": None},
)
"""Who ruled; in a table of its own, because two people share a ruling and each may be forgotten."""

paused_item = Table(
    "paused_item",
    metadata,
    Column("workspace", String(64), primary_key=True),
    Column("item_id", String(40), primary_key=True),
    Column("kept_out", Boolean, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    info={"privacy": "team", "keep_days": None},
)
"""A question that a workspace (PLATFORM:WORKSPACE) is not asked; a row goes when it is resumed."""

dispute = Table(
    "dispute",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("platform", String(20), nullable=False),
    Column("workspace", String(40), nullable=False),
    Column("user_id", String(40), nullable=False),
    Column("place", String(64), nullable=False),
    Column("item_id", String(40), nullable=False),
    Column("step", String(10), nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_dispute_item", "place", "item_id"),
    Index("ix_dispute_person", "platform", "workspace", "user_id"),
    info={"privacy": "person", "keep_days": None},
)
"""The log of what people did about questions; `step` is disputed, resumed or kept_out."""
