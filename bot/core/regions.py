"""Regions whose public holidays are known, as people write them: DE, DE-BY, Germany, US-CA, US-California."""

import difflib
import re
from collections.abc import Mapping

from bot.core.days_off import LONGEST_REGION
from bot.core.errors import InvalidRequest


def find_region(text: str) -> str:
    """The ISO country or COUNTRY-SUBDIVISION; raises InvalidRequest with the nearest ones otherwise."""
    wanted = re.sub(r"^([A-Za-z]{2})[ _]", r"\1-", text.strip())
    name, _, part = wanted.partition("-")
    countries = _countries()
    country = countries.get(_plain(wanted)) or countries.get(_plain(name))
    if country is None:
        near = difflib.get_close_matches(_plain(name), countries, n=3, cutoff=0.7)
        raise _unknown(text, [countries[one] for one in near] or ["DE", "DE-BY", "US-CA"], sure=bool(near))
    if not part or _plain(wanted) in countries:
        return country
    parts = _subdivisions(country)
    if (code := parts.get(_plain(part))) is not None:
        return f"{country}-{code}"
    near = difflib.get_close_matches(_plain(part), parts, n=3, cutoff=0.5) or sorted(parts)[:3]
    raise _unknown(text, [country, *(f"{country}-{parts[one]}" for one in near)], sure=True)


def _plain(name: str) -> str:
    return "".join(name.casefold().split()).replace("-", "")


def _countries() -> Mapping[str, str]:
    """Name, two-letter and three-letter code -> two-letter code; no country's own module is loaded for it."""
    from holidays.registry import COUNTRIES

    known: dict[str, str] = {}
    for name, (_, code, *more) in COUNTRIES.items():
        known |= dict.fromkeys((_plain(name.replace("_", "")), code.casefold(), *map(str.casefold, more)), code)
    return known


def _subdivisions(country: str) -> Mapping[str, str]:
    """Code and name -> code, of those whose code can be kept."""
    from holidays import country_holidays

    found = country_holidays(country)
    room = LONGEST_REGION - len(country) - 1
    codes = {_plain(code): code for code in found.subdivisions}
    names = {_plain(alias): code for alias, code in found.subdivisions_aliases.items()}
    return {name: code for name, code in {**names, **codes}.items() if len(code) <= room}


def _unknown(text: str, near: list[str], *, sure: bool) -> InvalidRequest:
    offered = ", ".join(dict.fromkeys(near))
    return InvalidRequest(
        f"I do not know the public holidays of “{text.strip()[:40]}”.",
        next_step=f"Did you mean {offered}?" if sure else f"Use an ISO code such as {offered}.",
    )
