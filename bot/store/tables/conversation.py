"""Questions, what came of them, and what a language model cost."""

from sqlalchemy import Boolean, Column, Date, Index, Integer, LargeBinary, String, Table, Text

from bot.store.instants import UtcDateTime
from bot.store.tables.base import metadata

turn = Table(
    "turn",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("platform", String(20), nullable=False),
    Column("place_workspace", String(40), nullable=False),
    Column("workspace", String(40), nullable=False),
    Column("channel", String(40), nullable=False),
    Column("thread", String(40), nullable=False),
    Column("user_id", String(40), nullable=False),
    Column("question", Text, nullable=False),
    Column("band", String(8), nullable=False),
    Column("section_key", String(60), nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Index("ix_turn_place", "platform", "place_workspace", "channel", "thread", "asked_at"),
    info={"privacy": "person", "keep_days": 7, "since": "asked_at"},
)
"""What was asked and which section answered, for follow-ups; secrets are taken out before it is written."""

feedback = Table(
    "feedback",
    metadata,
    Column("turn_id", String(36), primary_key=True),
    Column("platform", String(20), primary_key=True),
    Column("workspace", String(40), primary_key=True),
    Column("user_id", String(40), primary_key=True),
    Column("good", Boolean, nullable=False),
    Column("section_key", String(60), nullable=False),
    Column("given_at", UtcDateTime, nullable=False),
    info={"privacy": "person", "keep_days": 365, "since": "given_at"},
)

gap = Table(
    "gap",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("platform", String(20), nullable=False),
    Column("place_workspace", String(40), nullable=False),
    Column("workspace", String(40), nullable=False),
    Column("channel", String(40), nullable=False),
    Column("thread", String(40), nullable=False),
    Column("user_id", String(40), nullable=False),
    Column("direct", Boolean, nullable=False),
    Column("question", Text, nullable=False),
    Column("vector", LargeBinary, nullable=True),
    Column("reason", String(10), nullable=False),
    Column("status", String(10), nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("sent_at", UtcDateTime, nullable=True),
    Index("ix_gap_open", "place_workspace", "platform", "status"),
    info={"privacy": "person", "keep_days": 180, "since": "asked_at"},
)
"""A question that was not answered, or whose answer was called unhelpful; `reason` is none, near or down."""

topic_owner = Table(
    "topic_owner",
    metadata,
    Column("platform", String(20), primary_key=True),
    Column("place_workspace", String(40), primary_key=True),
    Column("topic", String(80), primary_key=True),
    Column("workspace", String(40), nullable=False),
    Column("user_id", String(40), nullable=False),
    Column("sent_at", UtcDateTime, nullable=True),
    info={"privacy": "person", "keep_days": None},
)
"""Who answers for a topic; `sent_at` is when open questions were last sent there."""

evaluation_case = Table(
    "evaluation_case",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("workspace", String(64), nullable=False, index=True),
    Column("question", Text, nullable=False),
    Column("section", String(300), nullable=False),
    Column("quote", Text, nullable=False),
    Column("added_at", UtcDateTime, nullable=False),
    info={"privacy": "team", "keep_days": None},
)

model_usage = Table(
    "model_usage",
    metadata,
    Column("workspace", String(64), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("asked", Integer, nullable=False),
    Column("written", Integer, nullable=False),
    info={"privacy": "none", "keep_days": 400, "since": "day"},
)
