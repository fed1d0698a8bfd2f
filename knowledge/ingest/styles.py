"""Which CSS makes text invisible."""

import re
from collections.abc import Mapping

_OUTSIDE = re.compile(r"-\d{3,}(?:\.\d+)?(?:px|em|rem|pt|vw|vh|%)?")
_ZERO = re.compile(r"0*\.?0+(?:px|em|rem|pt|ex|ch|vw|vh|%)?")
_TINY = re.compile(r"(?:0*\.\d+|[01](?:\.\d*)?)(?:px|pt)|0*\.0\d*(?:em|rem)")
_CLIPPED = re.compile(r"rect\((?:[01](?:px)?[,\s]*){4}\)|inset\((?:50|100)%\)|circle\(0\w*\)")
_NAMED = {"white": "ffffff", "black": "000000", "snow": "fffafa", "whitesmoke": "f5f5f5", "ivory": "fffff0"}


def declarations(style: str) -> dict[str, str]:
    """Property and value of each declaration, in lower case, the last one of a property."""
    found = {}
    for declaration in re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL).lower().split(";"):
        name, _, value = declaration.partition(":")
        found[name.strip()] = value.replace("!important", "").strip()
    return found


def hides(style: Mapping[str, str]) -> bool:
    """Whether these declarations alone keep an element from sight."""
    if not any(style.values()):
        return False
    get = style.get
    outside = any(
        _OUTSIDE.match(get(side, "")) for side in ("left", "top", "right", "bottom", "text-indent", "margin-left")
    )
    no_size = (_ZERO.fullmatch(get("width", "")) or _ZERO.fullmatch(get("height", ""))) and "hidden" in get(
        "overflow", ""
    )
    return bool(
        get("display") == "none"
        or get("visibility") in {"hidden", "collapse"}
        or get("content-visibility") == "hidden"
        or _ZERO.fullmatch(get("opacity", ""))
        or _ZERO.fullmatch(get("font-size", ""))
        or _TINY.fullmatch(get("font-size", ""))
        or get("color") == "transparent"
        or re.search(r"rgba\([^)]*,\s*0*\.?0+\s*\)", get("color", ""))
        or _CLIPPED.search(get("clip", "") + get("clip-path", ""))
        or re.search(r"scale\(\s*0", get("transform", ""))
        or outside
        or no_size
    )


def colour(value: str) -> str:
    """A colour as six hexadecimal digits; empty for one that is not understood."""
    value = value.strip().lower()
    if value in _NAMED:
        return _NAMED[value]
    if found := re.match(r"rgba?\(\s*(\d{1,3})[,\s]+(\d{1,3})[,\s]+(\d{1,3})", value):
        return "".join(f"{min(int(part), 255):02x}" for part in found.groups())
    if found := re.fullmatch(r"#?([0-9a-f]{6})(?:[0-9a-f]{2})?", value):
        return found[1]
    if found := re.fullmatch(r"#?([0-9a-f]{3})[0-9a-f]?", value):
        return "".join(digit * 2 for digit in found[1])
    return ""


def indistinct(front: str, back: str) -> bool:
    """Whether text of one colour on another cannot be read: each of red, green, blue differs by less than 16."""
    if not front or not back:
        return False
    return all(abs(int(front[at : at + 2], 16) - int(back[at : at + 2], 16)) < 16 for at in (0, 2, 4))
