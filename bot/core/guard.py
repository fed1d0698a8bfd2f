"""What is taken out of a text before it is searched for, remembered, logged or shown to a model."""

import re
import unicodedata

LONGEST_QUESTION = 1000
"""Characters of a message that are searched for."""
REDACTED = "[secret removed]"
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Zero-width, bidirectional, filler, variation and tag characters: all that changes a text and is not seen."""
_LABEL = r"(?i:(?:password|passwd|pwd|secret|token|api[ _-]?key|access[ _-]?key)(?:_\w{1,20})?[\"']?)"
_VALUE = r"""(?:"[^"\n]{4,80}"|'[^'\n]{4,80}'|["']?[^\s"',;]{6,})"""
_SECRETS = re.compile(
    rf"""
    \bxox[abeprs]-[A-Za-z0-9-]{{8,}} | \bxapp-[A-Za-z0-9-]{{8,}} | hooks\.slack\.com/services/\S+      # Slack
    | \b[MNO][A-Za-z\d_-]{{22,27}}\.[A-Za-z\d_-]{{6}}\.[A-Za-z\d_-]{{27,45}} | /api/webhooks/\d+/\S+  # Discord
    | \b(?:sk|pk|rk)[-_](?:live|test|proj|ant|or)?[-_]?[A-Za-z0-9_-]{{16,}}               # OpenAI, Anthropic, Stripe
    | \bgh[pousr]_[A-Za-z0-9]{{20,}} | \bgithub_pat_[A-Za-z0-9_]{{20,}} | \bglpat-[A-Za-z0-9_-]{{16,}}
    | \b(?:AKIA|ASIA)[0-9A-Z]{{16}}\b | \bAIza[0-9A-Za-z_-]{{30,}}                        # AWS, Google
    | (?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{{8,}}\.[A-Za-z0-9_-]{{8,}}\.[A-Za-z0-9_-]{{8,}}   # JSON Web Token
    | -----BEGIN\ [A-Z ]*PRIVATE\ KEY-----(?:.*?-----END\ [A-Z ]*PRIVATE\ KEY-----|.*)   # PEM
    | (?i:\bbearer)\s+(?=\S*\d)[A-Za-z0-9._~+/-]{{16,}}
    | (?<=://)[^\s/:@]*:[^\s/]+(?=@)                                                     # user:password@ in a URL
    | {_LABEL}(?:\s*=\s*|:(?=\S)){_VALUE} | (?i:pass(?:word|wd)|pwd)\s*(?:is\s*)?:\s*{_VALUE}
    # in a sentence ("the token is expired", "the secret: naming") only what is no word
    | {_LABEL}\s*:\s+(?=\S*(?:\d|[^\w\s.,;:?!()'"\u2019-]|[a-z][A-Z])){_VALUE}
    | {_LABEL}\s+is\s+["']?(?=[^\s"',;]*\d)[^\s"',;-]{{8,}}
    # a long run of mixed characters, but no path; looked at once from its beginning, or the time grows with its square
    | (?<![A-Za-z0-9+/_-])(?!(?:[A-Za-z0-9+_-]*/){{3}})
      (?=[A-Za-z0-9+/_-]*\d)(?=[A-Za-z0-9+/_-]*[a-z])(?=[A-Za-z0-9+/_-]*[A-Z])[A-Za-z0-9+/_-]{{32,}}={{0,2}}
    """,
    re.VERBOSE | re.DOTALL,
)


def invisible(character: str) -> bool:
    """Whether a character changes a text and is not seen."""
    return bool(_INVISIBLE.match(character))


def clean(text: str) -> str:
    """The text without invisible characters, white space folded."""
    text = text.encode("utf-8", "replace").decode()  # a lone surrogate cannot be shown
    return " ".join(_INVISIBLE.sub("", unicodedata.normalize("NFC", text)).split())


def storable(text: str) -> str:
    """The text with `?` for what no database or platform takes: NUL and half a surrogate pair."""
    return text.replace("\x00", "?").encode("utf-8", "replace").decode()


def redacted(text: str) -> str:
    """The text without what looks like a key, a token or a password."""
    return _SECRETS.sub(REDACTED, text)


def question_of(text: str) -> str:
    """What is searched for and remembered of a message: cleaned, without secrets, of bounded length."""
    return redacted(clean(text.replace("\x00", " ")))[:LONGEST_QUESTION]
