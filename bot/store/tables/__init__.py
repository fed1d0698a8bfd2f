"""The tables. Each says by `info["privacy"]` how it holds a person's data; a test walks every column against that.

Privacy is one of: "none" (nothing personal), "learner" (rows of the person in `learner_id`), "person" (rows found by
platform, workspace and user id), "subscription" and "answer" (rows that hang on a personal row of that table), "team"
(what a workspace took in or decided; it goes with its document or decision, not with a person).
`info["keep_days"]` is how long a row is kept at the most, counted from `info["since"]`; None: until the person says
forget, or the team forgets the document.
"""

from bot.store.tables.base import metadata
from bot.store.tables.conversation import evaluation_case, feedback, gap, model_usage, topic_owner, turn
from bot.store.tables.documents import contribution, document, index_generation, passage
from bot.store.tables.memory import card, learner_level, review, team_member, unsolicited, unwanted
from bot.store.tables.practice import (
    answer,
    credit,
    delivery,
    help_taken,
    identity,
    inbound,
    joined_thread,
    learner,
    subscription,
    verdict,
)
from bot.store.tables.rulings import correction, correction_author, dispute, paused_item

__all__ = [
    "answer",
    "card",
    "contribution",
    "correction",
    "correction_author",
    "credit",
    "delivery",
    "dispute",
    "document",
    "evaluation_case",
    "feedback",
    "gap",
    "help_taken",
    "identity",
    "inbound",
    "index_generation",
    "joined_thread",
    "learner",
    "learner_level",
    "metadata",
    "model_usage",
    "passage",
    "paused_item",
    "review",
    "subscription",
    "team_member",
    "topic_owner",
    "turn",
    "unsolicited",
    "unwanted",
    "verdict",
]
