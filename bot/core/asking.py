"""What kind of answer a question wants, and whether a text holds one of that kind.

Most questions that a source does not answer are near misses: right topic, wrong kind. "How many hours a week?" finds the
section on learning, which holds shares and no hours. These signals feed the confidence (`bot.core.confidence`).
"""

import re
from collections.abc import Mapping, Sequence

_THEY = "(?:it|he|she|they|this|the (?:author|article|text|piece|post|guide|doc|document|writer))"
_SAY = "(?:say|claim|think|want|recommend|suggest|argue|tell|believe|hate|love|prefer|advise|insist|write|mention)"
_WANTED: Mapping[str, Sequence[str]] = {
    "amount": (
        r"\bhow (?:many|much|long|often|big|large|small|old|high|low|fast|far)\b",
        r"\bpercent|\bper ?cent|%|\bnumber of\b|\bhours? (?:per|a)\b|\bsalar|\bearn",
        r"\bwhat (?:share|ratio|size|limit|threshold|value|timeout)\b|\bacceptable\b|\bmax(?:imum)?\b|\bminimum\b",
    ),
    "date": (
        r"\bwhen (?:was|were|did|will|is|are|does|do|can)\b|\bdeadline\b",
        r"\b(?:what|which|in what|by which) (?:year|date|month|day)\b",
    ),
    "person": (
        r"\bwho (?:is|was|wrote|invented|came up|said|made|published)\b|\bwritten by\b|\bwhose\b",
        r"\bauthor'?s? (?:name|employer|background|job)\b|\bwhere does (?:he|she|the author) (?:work|live)\b",
    ),
    "source": (
        r"\bsources?\b|\bstud(?:y|ies)\b|\bresearch\b|\bevidence\b|\bproof\b|\bstatistics?\b|\bsurvey\b",
        r"\bdata (?:behind|for)\b|\blinks?\b|\bcite|\bcitation|\breference\b",
    ),
    "name": (
        r"\bnames? (?:of|pls|please)\b|\bthe name\b",
        r"\bwhich (?:compan|tool|book|course|cert|cloud|vendor|provider|language|framework|database|library|product)",
        r"\b(?:book|course|certificat\w+|podcast|blog|plugin|extension)s?\b",
    ),
    "recommendation": (
        r"\brecommend|\bbest\b|\bsuggest|\bfavou?rite\b|\bpick\b|\bgo[- ]to\b",
        r"\bshould i (?:use|pick|choose|learn|take|buy|switch)\b",
    ),
    "comparison": (
        r"\b(?:versus|vs\.?)\b|\bcompar|\bdifference between\b|\b[\w+#.-]+ or [\w+#.-]+\s*\??$",
        r"\b(?:better|cheaper|faster|safer|worse) than\b|\bwhich (?:one|of the two|is (?:better|cheaper|faster))\b",
    ),
    "instructions": (
        r"\bhow (?:do|can|should|would|could|to|shall) (?:i|we|you|one)\b|\bstep by step\b|\btutorial\b",
        r"\bcode (?:example|sample|snippet)|\bsample\b|\bsnippet\b|\bcommand\b|\bset ?up\b|\bconfigur|\binstall",
        r"\bimplement\b|\btemplate\b|\bcheat ?sheet\b",
    ),
    "definition": (
        r"\bdefin(?:e|ition)\b|\bmeaning of\b|\bexplain\b|\bhow (?:does|do) (?:an? |the )?[\w -]{2,40} work",
        r"\bwhat (?:is|are|does) (?:an? )?[\w -]{2,40}(?: mean)?\s*\??$",
    ),
    "premise": (
        rf"\bwhy (?:does|did|do|would|is) {_THEY} {_SAY}|\b{_THEY} {_SAY}s?\b|\baccording to\b",
        rf"\b{_SAY}(?:s|ed)? (?:that|we should|you should|to)\b",
    ),
}
_HOLDS: Mapping[str, Sequence[str]] = {
    "amount": (
        r"\d",
        r"\b(?:two|three|four|five|six|seven|eight|nine|ten|half|third|quarter|dozen|hundred|thousand)\b",
    ),
    "date": (
        r"\b(?:19|20)\d\d\b",
        r"\b(?:january|february|march|april|may|june|july|august|september|october|november|december)\b",
    ),
    "instructions": (r"```|^\s*\d+[.)] |\$ |\bstep\b|[{}();]{2}",),
    "definition": (r"\b(?:is|are|means|refers to|stands for|called)\b",),
}


def _compiled(patterns: Mapping[str, Sequence[str]]) -> dict[str, re.Pattern[str]]:
    return {kind: re.compile("|".join(some), re.IGNORECASE | re.MULTILINE) for kind, some in patterns.items()}


_WANTS, _HAS = _compiled(_WANTED), _compiled(_HOLDS)
KINDS = tuple(_WANTS)
"""Of an answer."""


def wanted(question: str) -> frozenset[str]:
    """The kinds of answer that a question asks for; none for an open one."""
    return frozenset(kind for kind, pattern in _WANTS.items() if pattern.search(question))


def lacking(question: str, text: str) -> frozenset[str]:
    """The kinds that the question wants and of which the text shows no sign, as far as that can be seen."""
    return frozenset(kind for kind in wanted(question) if kind in _HAS and not _HAS[kind].search(text))
