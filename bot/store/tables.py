"""The tables. Each says by `info["privacy"]` how it holds a person's data; a test walks every column against that.

Privacy is one of: "none" (nothing personal), "learner" (rows of the person in `learner_id`), "person" (rows found by
platform, workspace and user id), "subscription" and "answer" (rows that hang on a personal row of that table).
`info["keep_days"]` is how long a row is kept at the most once it is over; None: until the person says forget.
"""

import datetime as dt
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)


class UtcDateTime(TypeDecorator[dt.datetime]):
    """Aware instants in UTC on every database; a naive one is an error."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Any) -> dt.datetime | None:  # noqa: ARG002
        """To the database."""
        if value is not None and value.tzinfo is None:
            raise ValueError("a naive datetime was to be stored")
        return value.astimezone(dt.UTC) if value else None

    def process_result_value(self, value: dt.datetime | None, dialect: Any) -> dt.datetime | None:  # noqa: ARG002
        """From the database; SQLite gives it back without its zone."""
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

learner = Table(
    "learner",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
    info={"privacy": "learner", "keep_days": None},
)

identity = Table(
    "identity",
    metadata,
    Column("platform", String(20), primary_key=True),
    Column("workspace", String(40), primary_key=True),
    Column("user_id", String(40), primary_key=True),
    Column("learner_id", ForeignKey("learner.id", ondelete="CASCADE"), nullable=False, index=True),
    info={"privacy": "learner", "keep_days": None},
)

subscription = Table(
    "subscription",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("learner_id", ForeignKey("learner.id", ondelete="CASCADE"), nullable=True, index=True),
    Column("platform", String(20), nullable=False),
    Column("workspace", String(40), nullable=False),
    Column("channel", String(40), nullable=False),
    Column("user_id", String(40), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("zone", String(60), nullable=False),
    Column("local_time", String(5), nullable=False),
    Column("days", String(7), nullable=False),
    Column("split", String(16), nullable=False),
    Column("last_category", String(1), nullable=True),
    Column("shown", Integer, nullable=False, default=0),
    Column("next_due", UtcDateTime, nullable=True),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("platform", "workspace", "channel", "user_id"),
    Index("ix_subscription_due", "active", "next_due"),
    info={"privacy": "learner", "keep_days": None},
)
"""A stream of prompts: personal (channel "" and user_id set) or a channel's (user_id "", learner_id null)."""

credit = Table(
    "credit",
    metadata,
    Column("subscription_id", ForeignKey("subscription.id", ondelete="CASCADE"), primary_key=True),
    Column("category", String(1), primary_key=True),
    Column("thousandths", Integer, nullable=False),
    info={"privacy": "subscription", "keep_days": None},
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("key", String(120), nullable=False, unique=True),
    Column("subscription_id", ForeignKey("subscription.id", ondelete="CASCADE"), nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("local_date", Date, nullable=False),
    Column("category", String(1), nullable=False),
    Column("item_id", String(40), nullable=False),
    Column("status", String(10), nullable=False),
    Column("not_before", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("lease_until", UtcDateTime, nullable=True),
    Column("attempt", Integer, nullable=False, default=0),
    Column("reason", String(200), nullable=False, default=""),
    Column("channel", String(40), nullable=True),
    Column("thread", String(40), nullable=True),
    Column("message", String(160), nullable=True),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_delivery_pending", "status", "not_before"),
    Index("ix_delivery_item", "subscription_id", "item_id"),
    Index("ix_delivery_message", "channel", "thread"),
    info={"privacy": "subscription", "keep_days": None},
)
"""The outbox and the history of prompts in one; `ordinal` counts a subscription's prompts from 1."""

inbound = Table(
    "inbound",
    metadata,
    Column("key", String(160), primary_key=True),
    Column("platform", String(20), nullable=False),
    Column("workspace", String(40), nullable=True),
    Column("user_id", String(40), nullable=True),
    Column("body", Text, nullable=True),
    Column("finished", Boolean, nullable=False),
    Column("sent", Integer, nullable=False, default=0),
    Column("attempted", Boolean, nullable=False, default=False),
    Column("received_at", UtcDateTime, nullable=False),
    Index("ix_inbound_finished", "finished", "platform"),
    info={"privacy": "person", "keep_days": 7},
)
"""Events addressed to the coach. Body and person are erased once answered; the key stays a week, for duplicates.

What could not be answered within that week goes, too."""

joined_thread = Table(
    "joined_thread",
    metadata,
    Column("platform", String(20), primary_key=True),
    Column("workspace", String(40), primary_key=True),
    Column("channel", String(40), primary_key=True),
    Column("thread", String(40), primary_key=True),
    Column("last_at", UtcDateTime, nullable=False, index=True),
    info={"privacy": "none", "keep_days": 90},
)

answer = Table(
    "answer",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("inbound_key", String(160), nullable=False, unique=True),
    Column("learner_id", ForeignKey("learner.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("delivery_id", String(36), nullable=True, index=True),
    Column("item_id", String(40), nullable=False),
    Column("text", Text, nullable=False),
    Column("score", Float, nullable=False),
    Column("hints", Integer, nullable=False, default=0),
    Column("created_at", UtcDateTime, nullable=False),
    info={"privacy": "learner", "keep_days": None},
)

help_taken = Table(
    "help_taken",
    metadata,
    Column("delivery_id", ForeignKey("delivery.id", ondelete="CASCADE"), primary_key=True),
    Column("learner_id", ForeignKey("learner.id", ondelete="CASCADE"), primary_key=True),
    Column("hints", Integer, nullable=False, default=0),
    Column("revealed", Boolean, nullable=False, default=False),
    info={"privacy": "learner", "keep_days": None},
)

verdict = Table(
    "verdict",
    metadata,
    Column("answer_id", ForeignKey("answer.id", ondelete="CASCADE"), primary_key=True),
    Column("point_id", String(20), primary_key=True),
    Column("verdict", String(8), nullable=False),
    Column("quote", Text, nullable=False),
    Column("contested", Boolean, nullable=False, default=False),
    info={"privacy": "answer", "keep_days": None},
)
