"""Keep what people know and when they want prompts."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "unsolicited",
        sa.Column("platform", sa.String(length=20), nullable=False),
        sa.Column("workspace", sa.String(length=40), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("platform", "workspace", "channel", "user_id", "day", name=op.f("pk_unsolicited")),
        info={"privacy": "person", "keep_days": 40, "since": "day"},
    )
    op.create_table(
        "card",
        sa.Column("learner_id", sa.String(length=36), nullable=False),
        sa.Column("item_id", sa.String(length=40), nullable=False),
        sa.Column("stability", sa.Float(), nullable=False),
        sa.Column("difficulty", sa.Float(), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reps", sa.Integer(), nullable=False),
        sa.Column("lapses", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["learner_id"], ["learner.id"], name=op.f("fk_card_learner_id_learner"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("learner_id", "item_id", name=op.f("pk_card")),
        info={"privacy": "learner", "keep_days": None},
    )
    with op.batch_alter_table("card", schema=None) as batch_op:
        batch_op.create_index("ix_card_due", ["learner_id", "due"], unique=False)

    op.create_table(
        "learner_level",
        sa.Column("learner_id", sa.String(length=36), nullable=False),
        sa.Column("level", sa.Float(), nullable=False),
        sa.Column("placed", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["learner_id"], ["learner.id"], name=op.f("fk_learner_level_learner_id_learner"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("learner_id", name=op.f("pk_learner_level")),
        info={"privacy": "learner", "keep_days": None},
    )
    op.create_table(
        "review",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("learner_id", sa.String(length=36), nullable=False),
        sa.Column("item_id", sa.String(length=40), nullable=False),
        sa.Column("delivery_id", sa.String(length=36), nullable=True),
        sa.Column("kind", sa.String(length=6), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["learner_id"], ["learner.id"], name=op.f("fk_review_learner_id_learner"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
        info={"privacy": "learner", "keep_days": None},
    )
    with op.batch_alter_table("review", schema=None) as batch_op:
        batch_op.create_index("ix_review_item", ["learner_id", "item_id", "at"], unique=False)

    op.create_table(
        "team_member",
        sa.Column("learner_id", sa.String(length=36), nullable=False),
        sa.Column("place", sa.String(length=64), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["learner_id"], ["learner.id"], name=op.f("fk_team_member_learner_id_learner"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("learner_id", "place", name=op.f("pk_team_member")),
        info={"privacy": "learner", "keep_days": None},
    )
    with op.batch_alter_table("team_member", schema=None) as batch_op:
        batch_op.create_index("ix_team_member_place", ["place"], unique=False)

    op.create_table(
        "unwanted",
        sa.Column("learner_id", sa.String(length=36), nullable=False),
        sa.Column("item_id", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["learner_id"], ["learner.id"], name=op.f("fk_unwanted_learner_id_learner"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("learner_id", "item_id", name=op.f("pk_unwanted")),
        info={"privacy": "learner", "keep_days": None},
    )
    with op.batch_alter_table("answer", schema=None) as batch_op:
        batch_op.add_column(sa.Column("quotable", sa.Boolean(), server_default=sa.false(), nullable=False))

    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.add_column(sa.Column("kind", sa.String(length=8), server_default="nudge", nullable=False))
        batch_op.add_column(sa.Column("about", sa.String(length=36), nullable=True))
        batch_op.add_column(sa.Column("skipped", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("touched_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(batch_op.f("ix_delivery_about"), ["about"], unique=False)

    with op.batch_alter_table("subscription", schema=None) as batch_op:
        batch_op.add_column(sa.Column("rhythm", sa.String(length=8), server_default="daily", nullable=False))
        batch_op.add_column(sa.Column("quiet_from", sa.String(length=5), nullable=True))
        batch_op.add_column(sa.Column("quiet_to", sa.String(length=5), nullable=True))
        batch_op.add_column(sa.Column("holidays", sa.String(length=10), nullable=True))
        batch_op.add_column(sa.Column("off_until", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("ignored", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("digest", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("activated_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("subscription", schema=None) as batch_op:
        batch_op.drop_column("stopped_at")
        batch_op.drop_column("activated_at")
        batch_op.drop_column("digest")
        batch_op.drop_column("ignored")
        batch_op.drop_column("off_until")
        batch_op.drop_column("holidays")
        batch_op.drop_column("quiet_to")
        batch_op.drop_column("quiet_from")
        batch_op.drop_column("rhythm")

    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_delivery_about"))
        batch_op.drop_column("sent_at")
        batch_op.drop_column("touched_at")
        batch_op.drop_column("skipped")
        batch_op.drop_column("about")
        batch_op.drop_column("kind")

    with op.batch_alter_table("answer", schema=None) as batch_op:
        batch_op.drop_column("quotable")

    op.drop_table("unwanted")
    with op.batch_alter_table("team_member", schema=None) as batch_op:
        batch_op.drop_index("ix_team_member_place")

    op.drop_table("team_member")
    with op.batch_alter_table("review", schema=None) as batch_op:
        batch_op.drop_index("ix_review_item")

    op.drop_table("review")
    op.drop_table("learner_level")
    with op.batch_alter_table("card", schema=None) as batch_op:
        batch_op.drop_index("ix_card_due")

    op.drop_table("card")
    op.drop_table("unsolicited")
