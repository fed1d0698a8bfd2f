"""People, their streams of prompts, events, and answers."""

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from bot.store.instants import UtcDateTime
from bot.store.tables.base import metadata

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
    Column("rhythm", String(8), nullable=False, default="daily", server_default="daily"),
    Column("quiet_from", String(5), nullable=True),
    Column("quiet_to", String(5), nullable=True),
    Column("holidays", String(10), nullable=True),
    Column("off_until", Date, nullable=True),
    Column("ignored", Integer, nullable=False, default=0, server_default="0"),
    Column("digest", Boolean, nullable=False, default=False, server_default=false()),
    Column("activated_at", UtcDateTime, nullable=True),
    Column("stopped_at", UtcDateTime, nullable=True),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("platform", "workspace", "channel", "user_id"),
    Index("ix_subscription_due", "active", "next_due"),
    info={"privacy": "learner", "keep_days": None},
)
"""A stream of prompts: personal (channel "" and user_id set) or a channel's (user_id "", learner_id null).

`rhythm` is daily, weekly or silent; `ignored` counts prompts in a row that nobody touched; `off_until` is the first local
date on which prompts come again; `holidays` is an ISO country or COUNTRY-SUBDIVISION.
"""

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
    Column("kind", String(8), nullable=False, default="nudge", server_default="nudge"),
    Column("about", String(36), nullable=True, index=True),
    Column("skipped", Boolean, nullable=False, default=False, server_default=false()),
    Column("touched_at", UtcDateTime, nullable=True),
    Column("sent_at", UtcDateTime, nullable=True),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_delivery_pending", "status", "not_before"),
    Index("ix_delivery_item", "subscription_id", "item_id"),
    Index("ix_delivery_message", "channel", "thread"),
    info={"privacy": "subscription", "keep_days": None},
)
"""The outbox and the history of prompts in one; `ordinal` counts a subscription's prompts from 1.

`kind` is nudge, extra (asked for), reveal (of a channel's prompt, `about` it), offer or digest; the last two have no item.
`touched_at` is when somebody first did anything with it.
"""

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
    info={"privacy": "person", "keep_days": 7, "since": "received_at"},
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
    info={"privacy": "none", "keep_days": 90, "since": "last_at"},
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
    Column("quotable", Boolean, nullable=False, default=False, server_default=false()),
    Column("created_at", UtcDateTime, nullable=False),
    info={"privacy": "learner", "keep_days": None},
)
"""`quotable`: its author agreed that the channel may see a sentence of it when the prompt is resolved."""

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
    Column("place", String(64), nullable=True),
    Column("sentence", Text, nullable=True),
    Column("contested_at", UtcDateTime, nullable=True),
    Column("ruled_at", UtcDateTime, nullable=True),
    Index("ix_verdict_contested", "place", "contested"),
    info={"privacy": "answer", "keep_days": None},
)
"""`place` is the workspace (PLATFORM:WORKSPACE) in which it was contested, `sentence` what the learner meant."""
