"""The one entry to the coaching core: what somebody said, pressed or filled in goes to the feature it is for."""

import re
from collections.abc import AsyncIterator, Callable, Mapping
from typing import TypeVar

from bot.core.browsing import Browsing, wish_of
from bot.core.correcting import Correcting
from bot.core.curating import Curating
from bot.core.disputing import Disputing
from bot.core.errors import InvalidRequest
from bot.core.guard import clean
from bot.core.librarian import Librarian
from bot.core.model import Action, FormSubmitted, Inbound, Message, Reply, Table, Text
from bot.core.personal import Personal
from bot.core.practice import Practising
from bot.core.progressing import Progressing
from bot.core.questions import EXAMPLES, Questions
from bot.core.recalling import Recalling
from bot.core.steering import Steering
from bot.core.subscribing import Subscribing

COMMANDS = (
    ("today", "a practice prompt now; the same one all day"),
    ("practise indexes", "a prompt on what you name; also `give me one on locking`, `items on B.DB.LOCK`"),
    ("subscribe 09:00 Europe/Paris", "one prompt every work day, to you"),
    ("subscribe channel 09:00 Europe/Paris", "one prompt every work day, to this channel"),
    ("unsubscribe", "stop it; with `channel`, the channel's"),
    ("settings", "time, zone, days, public holidays and the learning split"),
    ("off until 2026-12-24", "no prompts till then; also `off 2 weeks`, `back`, `quiet 19:00-08:00`, `weekly`"),
    ("recall", "three quick recalls of what is due, one tap each"),
    ("progress", "how far you have come, as a picture and in words; also `progress team`"),
    ("export", "everything stored about you, as a file"),
    ("forget me", "delete it"),
    ("ingest https://…", "for administrators: answer from this page, too; `ingest channel …` here alone"),
    ("documents", "for administrators: what was taken in, and forgetting it"),
    ("gaps", "for administrators: questions without an answer, and giving them one"),
    ("corrections", "for administrators: verdicts that learners contest, and ruling on them"),
    ("disputes", "for administrators: questions that were disputed and are paused, and deciding on them"),
    ("owner deploys @ada", "for administrators: who is sent the open questions on a topic; `owners` lists them"),
    ("help", "this list"),
)
"""What people can type, and what for."""
_HELP = frozenset({"help", "hi", "hello", "hey", "start", "commands", "what can you do", "?"})
_TODAY = frozenset({"today", "prompt", "practice", "practise", "todays prompt", "today's prompt", "quiz me", "next"})
_THANKS = frozenset({"thanks", "thank you", "thx", "ty", "ok", "okay", "great", "cool", "nice", "good", "perfect"})
_FORGET = frozenset({"forget me", "forget", "delete me", "delete my data"})
_QUESTION = re.compile(
    r"^((who|what|whats|why|when|where|which|how|is|are|does|did|can|cant|could|should|would|will|do (i|we|you|they))\b"
    r"|tell me|(explain|describe) (it|that|this|to|why|how|what)\b)",
    re.IGNORECASE,
)
"""Verbs such as "do" or "show" are left out: answers begin with them as well."""

Talk = AsyncIterator[Reply]
T = TypeVar("T", Action, FormSubmitted)


def is_question(text: str) -> bool:
    """Whether a line in a prompt's thread asks something rather than answers."""
    text = text.strip()
    return text.endswith("?") or (bool(_QUESTION.match(text)) and len(text) < 120)


class Coach:
    """Routes; the features do the work."""

    def __init__(
        self,
        *,
        questions: Questions,
        practising: Practising,
        subscribing: Subscribing,
        personal: Personal,
        librarian: Librarian,
        curating: Curating,
        browsing: Browsing,
        correcting: Correcting,
        disputing: Disputing,
        steering: Steering,
        recalling: Recalling,
        progressing: Progressing,
    ) -> None:
        self._questions = questions
        self._practising = practising
        self._browsing = browsing
        self._subscribing = subscribing
        self._actions: Mapping[str, Callable[[Action], Talk]] = {
            "answer": practising.answer_form,
            "hint": practising.hint,
            "reveal": practising.reveal,
            "practise": practising.practise,
            "section": questions.show_section,
            "rate": questions.rate,
            "forget_document": librarian.forget,
            "forget_me": personal.forget,
            **curating.actions,
            **correcting.actions,
            **disputing.actions,
            **steering.actions,
            **recalling.actions,
            **progressing.actions,
            **subscribing.actions,
        }
        self._forms: Mapping[str, Callable[[FormSubmitted], Talk]] = {
            "answer": practising.answered_by_form,
            "settings": subscribing.changed,
            **curating.forms,
            **disputing.forms,
            **steering.forms,
        }
        self._phrases: Mapping[str, Callable[[Message], Talk]] = {
            **dict.fromkeys(_HELP, _help),
            **dict.fromkeys(_TODAY, practising.today),
            **dict.fromkeys(_FORGET, personal.ask_to_forget),
            **dict.fromkeys(_THANKS, _acknowledged),
            "settings": subscribing.settings,
            "export": personal.export,
            "documents": librarian.documents,
            **curating.phrases,
            **correcting.phrases,
            **disputing.phrases,
            **recalling.phrases,
            **progressing.phrases,
        }
        self._verbs: Mapping[str, Callable[[Message, str], Talk]] = {
            "subscribe": subscribing.subscribe,
            "unsubscribe": subscribing.unsubscribe,
            "ingest": librarian.ingest,
            **curating.verbs,
            **progressing.verbs,
        }

    def is_command(self, text: str) -> bool:
        """Whether the text is a command, and so neither a question nor an answer."""
        words = clean(text).lower().rstrip("!. ")
        wish = wish_of(text)
        wished = wish is not None and (wish.sure or self._browsing.names_a_node(wish))
        spoken = words in self._phrases or words.partition(" ")[0] in self._verbs
        return spoken or wished or self._subscribing.feature_of(clean(text)) is not None

    async def handle(self, inbound: Inbound) -> Talk:
        """What to say to it. Raises CoachError with a sentence for the person."""
        if isinstance(inbound, Action):
            talk = _known(self._actions.get(inbound.action), inbound)
        elif isinstance(inbound, FormSubmitted):
            talk = _known(self._forms.get(inbound.form), inbound)
        else:
            talk = await self._said(inbound)
        async for reply in talk:
            yield reply

    async def _said(self, message: Message) -> Talk:
        text = clean(message.text)
        if feature := self._phrases.get(text.lower().rstrip("!. ")) or self._subscribing.feature_of(text):
            return feature(message)
        verb, _, rest = text.partition(" ")
        if feature_of_words := self._verbs.get(verb.lower().rstrip("!.")):
            return feature_of_words(message, rest)
        wish = wish_of(text)
        delivery = None if is_question(text) else await self._practising.open_prompt(message)
        if wish and await self._browsing.takes(message, wish, answering=delivery is not None):
            return self._browsing.give(message, wish)
        if delivery is None:
            return self._questions.replies(message)
        if not text:
            return self._practising.unreadable(message, delivery)
        return self._practising.answered_in_thread(message, delivery)


def _known(feature: Callable[[T], Talk] | None, inbound: T) -> Talk:
    if feature is None:
        raise InvalidRequest("That button belongs to an older version of me.", next_step="Say `help`.")
    return feature(inbound)


async def _acknowledged(_message: Message) -> Talk:
    yield Reply(blocks=(Text(text="Any time. `today` gives you a prompt, `help` says what else I can do."),))


async def _help(_message: Message) -> Talk:
    yield Reply(
        blocks=(
            Text(
                text="I answer from the article “AI Writes Code Now. So What Is the Role of a Backend Developer?”, word for word, and coach you with one short prompt a day."
            ),
            Text(text="Ask, for example:"),
            *(Text(text=f"• {example}") for example in EXAMPLES),
            Table(header=("Say", "and get"), rows=COMMANDS),
        ),
        private=True,
    )
