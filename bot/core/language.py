"""Whether a text is English, as far as the grader has to know: its rules and its embedding are."""

import re


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_LETTERS = re.compile(r"[^\W\d_]+")
_COMMON = _set(
    "the of and to in a is that for it as was with be by on not are at this but have from or an they which one you "
    "were all her she there would their we him been has when who will no more if out so up what can do other into its "
    "only some then could two than them these may like just also because how first any after each must does don't so "
    "every still while where before use used need needs add set get make job time data "
)
_OTHERS = (
    _set(
        "der die das und ist nicht ein eine mit den dem von zu auf für sich auch wird werden sind weil aber oder wenn le "
        "la les des est pas une dans pour que qui sur avec sont mais ou et du au ce cette il elle nous vous parce el los "
        "las es en por un una con para como pero porque del se al lo más su sobre cuando o os da do em um uma não com "
        "mais mas porque das dos ao pela il di che non per è sono gli con una della nel anche perché het een van niet "
        "zijn met voor dat maar ook wordt omdat naar och att det som är inte på av för med men eftersom nie jest się na "
        "że do to ale przez jak "
    )
    - _COMMON
)
_FEW = 6


_DETERMINERS = frozenset({"the", "a", "an", "every", "each", "its", "their", "our", "my", "your"})
_NEVER_AFTER = _set(
    "the a an of to in on is are was and or by at with not it than for from as be if so but that they we he you has "
    "have will would can could does do did into per "
)
"""What no writer of any skill puts right after a determiner."""
_STRAY = 3
_STRAY_SHARE = 0.08


_TOKEN = re.compile(r"(?<![:\w.])[A-Za-z']+(?!\.\w)|[.!?;,\n]")
"""A word, but for a parameter such as `:a` and an alias such as `a.id`; or a mark."""
_ENDS = frozenset({"", ".", "!", "?", "\n"})
"""After these a capital A is an article; elsewhere it is a name, as in “A and B”."""


def is_shuffled(text: str) -> bool:
    """Whether the words stand in no order: too many determiners are followed by what cannot follow them."""
    words = _TOKEN.findall(text)
    pairs = [
        (one.lower(), other.lower())
        for before, one, other in zip(["", *words], words, words[1:], strict=False)
        if one.lower() in _DETERMINERS and (one != "A" or before in _ENDS)
    ]
    stray = sum(other in _NEVER_AFTER for _, other in pairs)
    return stray >= _STRAY and stray > _STRAY_SHARE * len(pairs)


def is_english(text: str) -> bool:
    """False only where it is plainly another language; code, numbers and a few words pass."""
    words = [word.lower() for word in _LETTERS.findall(text)]
    letters = sum(map(len, words))
    foreign = sum(not character.isascii() for word in words for character in word)
    if letters >= 8 and foreign > 0.3 * letters:
        return False
    if len(words) < _FEW:
        return True
    common = sum(word in _COMMON for word in words)
    other = sum(word in _OTHERS for word in words)
    return not (other > common and other > 0.12 * len(words))
