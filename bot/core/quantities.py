"""Numbers with units in free text: "20 ms", "0.02s", "83k rps", "4 GB", "4e9 bytes", "1.6 GiB", "10 %"."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_SCALE = {"": 1.0, "k": 1e3, "thousand": 1e3, "m": 1e6, "mio": 1e6, "million": 1e6, "bn": 1e9, "billion": 1e9, "b": 1e9}
_BYTES = {
    **dict.fromkeys(("b", "byte", "bytes"), 1.0),
    **dict.fromkeys(("kb", "kilobyte", "kilobytes"), 1e3),
    **dict.fromkeys(("mb", "megabyte", "megabytes"), 1e6),
    **dict.fromkeys(("gb", "gigabyte", "gigabytes", "gig", "gigs"), 1e9),
    **dict.fromkeys(("tb", "terabyte", "terabytes"), 1e12),
    **dict.fromkeys(("pb", "petabyte", "petabytes"), 1e15),
    "kib": 2.0**10,
    "mib": 2.0**20,
    "gib": 2.0**30,
    "tib": 2.0**40,
}
_SECONDS = {
    **dict.fromkeys(("ns", "nanosecond", "nanoseconds"), 1e-9),
    **dict.fromkeys(("us", "µs", "μs", "microsecond", "microseconds"), 1e-6),
    **dict.fromkeys(("ms", "msec", "msecs", "millisecond", "milliseconds", "millis"), 1e-3),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86400.0),
}
_RATES = {
    **dict.fromkeys(("rps", "qps", "tps", "ops", "iops"), 1.0),
    "rpm": 1 / 60,
    "qpm": 1 / 60,
}
_PERCENT = {"%": 0.01, "percent": 0.01, "pct": 0.01}
_UNITS: dict[str, tuple[str, float]] = {
    **{name: ("byte", factor) for name, factor in _BYTES.items()},
    **{name: ("second", factor) for name, factor in _SECONDS.items()},
    **{name: ("rate", factor) for name, factor in _RATES.items()},
    **{name: ("share", factor) for name, factor in _PERCENT.items()},
}
_NUMBER = re.compile(
    r"(?<![\w.])(?P<number>\d{1,3}(?:[ ,_]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
    r"(?:e(?P<exponent>[+-]?\d+)|(?:\s?[x*\u00d7]\s?10\^(?P<power>\d+)))?"
    r"\s?(?P<scale>thousand|million|billion|mio|bn|k(?![a-z])|m(?![a-z])|k(?=\s?(?:rps|qps|req))|m(?=\s?(?:rps|qps|req)))?"
    r"\s?(?P<unit>%|(?!per\b)[a-zµμ]+)?(?:\s?(?:/|per)\s?(?P<per>[a-z]+))?",
    re.IGNORECASE | re.ASCII,  # without ASCII, dotless i and long s would count as i and s
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A number in base units. `dimension` is byte, second, rate (1/s), share (of 1), or "" for a bare number."""

    value: float
    dimension: str
    span: tuple[int, int]


def unit_of(name: str) -> tuple[str, float]:
    """Dimension and factor to the base unit of a unit such as "ms", "GB", "req/s", "%"; ("", 1) if it is none."""
    name = name.strip().lower()
    if "/" in name:
        per = _SECONDS.get(name.split("/", 1)[1].strip())
        return ("rate", 1 / per) if per else ("", 1.0)
    return _UNITS.get(name, ("", 1.0))


def quantities(text: str) -> Iterator[Quantity]:
    """Every number in `text`, in order."""
    for match in _NUMBER.finditer(text):
        digits, exponent = re.sub(r"[ ,_]", "", match["number"]), match["exponent"] or match["power"] or "0"
        value = float(f"{digits}e{exponent}")  # infinite where 10 ** exponent would raise
        value *= _SCALE[(match["scale"] or "").lower()]
        unit, per = (match["unit"] or "").lower(), (match["per"] or "").lower()
        dimension, factor = _UNITS.get(unit, ("", 1.0))
        end = match.end()
        if per in _SECONDS and dimension in {"", "rate"}:
            dimension, factor = "rate", 1 / _SECONDS[per]
        elif not dimension:
            end = match.end("scale") if match["scale"] else match.end("number")
            if match["exponent"] or match["power"]:
                end = max(end, match.end("exponent"), match.end("power"))
        yield Quantity(value=value * factor, dimension=dimension, span=(match.start(), end))
