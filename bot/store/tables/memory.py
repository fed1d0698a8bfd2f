"""What people know and want, and whom they were sent something unasked."""

from sqlalchemy import Column, Date, Float, ForeignKey, Index, Integer, String, Table

from bot.store.instants import UtcDateTime
from bot.store.tables.base import metadata

card = Table(
    "card",
    metadata,
    Column("learner_id", ForeignKey("learner.id", ondelete="CASCADE"), primary_key=True),
    Column("item_id", String(40), primary_key=True),
    Column("stability", Float, nullable=False),
    Column("difficulty", Float, nullable=False),
    Column("due", UtcDateTime, nullable=False),
    Column("reviewed_at", UtcDateTime, nullable=False),
    Column("reps", Integer, nullable=False),
    Column("lapses", Integer, nullable=False),
    Index("ix_card_due", "learner_id", "due"),
    info={"privacy": "learner", "keep_days": None},
)
"""How well a learner remembers an item (FSRS 6); it can be made again from `review`."""

review = Table(
    "review",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("learner_id", ForeignKey("learner.id", ondelete="CASCADE"), nullable=False),
    Column("item_id", String(40), nullable=False),
    Column("delivery_id", String(36), nullable=True),
    Column("kind", String(6), nullable=False),
    Column("rating", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_review_item", "learner_id", "item_id", "at"),
    info={"privacy": "learner", "keep_days": None},
)
"""Every rating: `kind` is prompt or micro, `rating` 1 Again, 2 Hard, 3 Good, 4 Easy."""

learner_level = Table(
    "learner_level",
    metadata,
    Column("learner_id", ForeignKey("learner.id", ondelete="CASCADE"), primary_key=True),
    Column("level", Float, nullable=False),
    Column("placed", Integer, nullable=False, default=0),
    Column("changed_at", UtcDateTime, nullable=False),
    info={"privacy": "learner", "keep_days": None},
)
"""The level (1-5) at which new items are chosen; `placed` counts the placement prompts that were answered."""

unwanted = Table(
    "unwanted",
    metadata,
    Column("learner_id", ForeignKey("learner.id", ondelete="CASCADE"), primary_key=True),
    Column("item_id", String(40), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    info={"privacy": "learner", "keep_days": None},
)
"""Items that a learner does not want to be asked again."""

team_member = Table(
    "team_member",
    metadata,
    Column("learner_id", ForeignKey("learner.id", ondelete="CASCADE"), primary_key=True),
    Column("place", String(64), primary_key=True),
    Column("since", UtcDateTime, nullable=False),
    Index("ix_team_member_place", "place"),
    info={"privacy": "learner", "keep_days": None},
)
"""Who takes part in the team view of a workspace (PLATFORM:WORKSPACE)."""

unsolicited = Table(
    "unsolicited",
    metadata,
    Column("platform", String(20), primary_key=True),
    Column("workspace", String(40), primary_key=True),
    Column("channel", String(40), primary_key=True),
    Column("user_id", String(40), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("key", String(120), nullable=False),
    info={"privacy": "person", "keep_days": 40, "since": "day"},
)
"""The one message that a person (channel "") or a channel (user_id "") was sent unasked on a local date."""
