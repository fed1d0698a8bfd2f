"""The development questions: half of them decide weights and thresholds, the other half report."""

import hashlib
from pathlib import Path

from bot.evaluation import Case, read_cases

QUESTIONS = Path(__file__).parent / "questions"
ARTICLE = ("article_a", "article_b")
FOLLOW_UPS = ("follow_ups_a", "follow_ups_b")
ADVERSARIAL = ("adversarial_a", "adversarial_b")
ENG_PRACTICES = ("eng_practices_plain", "eng_practices")
PRIMER = ("primer",)


def cases(*names: str) -> list[Case]:
    """The questions of these files."""
    return [case for name in names for case in read_cases(QUESTIONS / f"{name}.jsonl")]


def decides(case: Case) -> bool:
    """Whether the question belongs to the deciding half: a coin that falls by its id."""
    return hashlib.sha256(case.id.encode()).digest()[-1] % 2 == 0


def reporting(*names: str) -> list[Case]:
    """The half that nothing was fitted on."""
    return [case for case in cases(*names) if not decides(case)]
