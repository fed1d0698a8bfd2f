"""The tables. Each says by `info["privacy"]` how it holds a person's data; a test walks every column against that.

Privacy is one of: "none" (nothing personal), "learner" (rows of the person in `learner_id`), "person" (rows found by
platform, workspace and user id), "subscription" and "answer" (rows that hang on a personal row of that table), "team"
(what a workspace took in or decided; it goes with its document or decision, not with a person).
`info["keep_days"]` is how long a row is kept at the most, counted from `info["since"]`; None: until the person says
forget, or the team forgets the document.
"""

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from bot.store.instants import UtcDateTime

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

# --- what people know ------------------------------------------------------------------------

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

# --- what people ruled -----------------------------------------------------------------------

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


# --- a team's own documents ------------------------------------------------------------------

document = Table(
    "document",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("workspace", String(64), nullable=False),
    Column("channel", String(40), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("location", String(1000), nullable=False),
    Column("title", String(300), nullable=False),
    Column("media_type", String(100), nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("embedding", String(60), nullable=False),
    Column("passages", Integer, nullable=False, default=0),
    Column("ready", Boolean, nullable=False, default=False),
    Column("text", Text, nullable=False, default=""),
    Column("added_at", UtcDateTime, nullable=False),
    Column("review_at", UtcDateTime, nullable=True),
    Index("ix_document_scope", "workspace", "channel", "ready"),
    info={"privacy": "team", "keep_days": None},
)
"""A file, a page, a note, an alias or a line of synonyms; `workspace` is PLATFORM:WORKSPACE, `channel` "" for all of it.

It is searched once it is `ready`, so nothing is searched by half. `text` holds what is no passage: synonyms."""

contribution = Table(
    "contribution",
    metadata,
    Column("document_id", ForeignKey("document.id", ondelete="CASCADE"), primary_key=True),
    Column("platform", String(20), nullable=False),
    Column("workspace", String(40), nullable=False),
    Column("user_id", String(40), nullable=False),
    info={"privacy": "person", "keep_days": None},
)
"""Who wrote a note, to be credited for it."""

passage = Table(
    "passage",
    metadata,
    Column("document_id", ForeignKey("document.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("source", String(10), nullable=False),
    Column("section_key", String(60), nullable=False),
    Column("section", String(300), nullable=False),
    Column("kind", String(11), nullable=False),
    Column("text", Text, nullable=False),
    Column("vector", LargeBinary, nullable=True),
    Index("ix_passage_section", "section_key", "kind"),
    info={"privacy": "team", "keep_days": None},
)
"""The vector (float32) is kept, so that an index is rebuilt without embedding anything again."""

index_generation = Table(
    "index_generation",
    metadata,
    Column("workspace", String(64), primary_key=True),
    Column("number", Integer, nullable=False),
    info={"privacy": "none", "keep_days": None},
)

# --- conversation ----------------------------------------------------------------------------

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
