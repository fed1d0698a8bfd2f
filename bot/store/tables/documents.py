"""A team's own documents."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from bot.store.instants import UtcDateTime
from bot.store.tables.base import metadata

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
