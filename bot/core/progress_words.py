"""Progress in words: what the picture shows, its alternative text, the weekly digest, a team's counts."""

from collections.abc import Mapping, Sequence

from bot.core.known import Node
from bot.core.model import Block, Picture, Reply, Table, Text
from bot.core.progress import TEAM_SIZE, Progress, TeamCounts, minutes_by_category
from bot.core.streak import Streak
from knowledge.model import CATEGORIES, CATEGORY_TITLES, Category, Curriculum

SHORT_TITLES: Mapping[Category, str] = {"B": "Backend", "S": "Design", "D": "DSA", "A": "AI"}
DURABILITY = ("under a week", "1-4 weeks", "over 4 weeks")
LONGEST_ALT = 1000
"""Characters of alternative text that Slack keeps; Discord keeps 256, so what matters stands first."""


def nothing_known() -> str:
    """What stands where nothing was rated yet."""
    return "This fills up with your first answers."


def nothing_named() -> str:
    """What stands where no node was rated twice yet."""
    return "A topic is named once you met it twice."


def streak_words(found: Streak) -> tuple[str, str]:
    """The number and what it counts."""
    return f"{found.length}", "work day in a row" if found.length == 1 else "work days in a row"


def _percent(part: float, whole: float) -> str:
    return f"{part / whole:.0%}" if whole else "0%"


def _times(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _streak(found: Streak, *, ever: bool) -> str:
    if not ever:
        return "Your first answer starts a streak."
    if not found.length:
        said = ["A prompt today starts a streak" + (f"; the longest was {found.longest}." if found.longest else ".")]
    else:
        number, words = streak_words(found)
        said = [f"{number} {words}" + (f", the longest was {found.longest}." if found.longest > found.length else ".")]
    if found.length and found.freezes_left:
        said.append(f"{_times(found.freezes_left, 'automatic freeze')} left this month.")
    if found.repairable:
        said.append(f"A review today counts for {found.repairable:%A}, too.")
    return " ".join(said)


def _week(progress: Progress) -> str:
    week = progress.week
    return (
        f"This week: practice on {week.practised} of {_times(week.work_days, 'work day')},"
        f" {_times(week.answered, 'prompt')} answered, {week.minutes:.0f} minutes."
    )


def _known(progress: Progress) -> str:
    if not progress.known:
        return ""
    now = progress.known[-1]
    short, middle, long = now.points
    return (
        f"You know about {_times(round(sum(now.points)), 'point')} of {_times(round(now.items), 'exercise')}: {long:.0f} last over four weeks,"
        f" {middle:.0f} one to four weeks, {short:.0f} under a week."
    )


def _titles(nodes: Sequence[Node]) -> str:
    return ", ".join(f"{node.title} ({node.strength:.0%})" for node in nodes)


def _named(progress: Progress) -> list[str]:
    lines = []
    if progress.strongest:
        lines.append(f"Strongest, by the chance to know it in 30 days: {_titles(progress.strongest)}.")
    if progress.weakest:
        lines.append(f"Weakest, so worth a prompt: {_titles(progress.weakest)}.")
    return lines


def _balance(progress: Progress) -> str:
    sent = sum(one.delivered for one in progress.shares)
    answered = sum(one.answered for one in progress.shares)
    minutes = sum(one.minutes for one in progress.shares)
    if not sent and not answered and not minutes:
        return ""
    each = "; ".join(
        f"{SHORT_TITLES[one.category]} {_percent(one.delivered, sent)}, {_percent(one.answered, answered)},"
        f" {_percent(one.minutes, minutes)} (split {one.target:.0%})"
        for one in progress.shares
    )
    return f"Last 12 weeks, parts of prompts sent, answered and of minutes: {each}."


def _calendar(progress: Progress) -> str:
    states = list(progress.streak.days.values())
    if not states:
        return ""
    counted = {name: states.count(name) for name in ("practised", "frozen", "repaired")}
    off = states.count("off")
    return (
        f"Since {progress.since:%d %B %Y}: practice on {_times(counted['practised'], 'day')},"
        f" {_times(off, 'day')} off, {counted['frozen']} frozen, {counted['repaired']} repaired."
    )


def alt_text(progress: Progress) -> str:
    """The picture in words, the most important first, at most `LONGEST_ALT` characters."""
    lines = [
        _streak(progress.streak, ever=progress.since is not None),
        _week(progress),
        _known(progress),
        _balance(progress),
        _calendar(progress),
        *_named(progress),
    ]
    text = ""
    for line in filter(None, lines):
        if len(text) + 1 + len(line) <= LONGEST_ALT:
            text = f"{text} {line}".strip()
    return text


def _table(progress: Progress) -> Table:
    sent = sum(one.delivered for one in progress.shares)
    answered = sum(one.answered for one in progress.shares)
    minutes = sum(one.minutes for one in progress.shares)
    return Table(
        header=("", "split", "sent", "answered", "minutes"),
        rows=tuple(
            (
                SHORT_TITLES[one.category],
                f"{one.target:.0%}",
                f"{one.delivered} ({_percent(one.delivered, sent)})",
                f"{one.answered} ({_percent(one.answered, answered)})",
                f"{one.minutes:.0f} ({_percent(one.minutes, minutes)})",
            )
            for one in progress.shares
        ),
        caption="Last 12 weeks",
    )


def words(progress: Progress) -> tuple[Block, ...]:
    """The same as the picture in blocks of text."""
    blocks: list[Block] = [
        Text(text=_streak(progress.streak, ever=progress.since is not None)),
        Text(text=_week(progress)),
    ]
    if progress.since is None:
        return (*blocks, Text(text="Say `today` for a prompt.", style="quiet"))
    blocks.append(_table(progress))
    blocks += [Text(text=line) for line in (_known(progress), *_named(progress), _calendar(progress)) if line]
    return tuple(blocks)


def progress_reply(progress: Progress, picture: bytes | None) -> Reply:
    """The answer to `progress`: the picture, and the same in words; without a picture the words alone."""
    shown: tuple[Block, ...] = ()
    if picture:
        shown = (Picture(data=picture, alt=alt_text(progress), name="progress.png"),)
    return Reply(blocks=(*shown, *words(progress)), private=True)


def digest_reply(progress: Progress) -> Reply:
    """The weekly summary that a subscription with `digest` is sent, in words alone."""
    lines = [_week(progress), _streak(progress.streak, ever=progress.since is not None), _known(progress)]
    if progress.weakest:
        lines.append(f"Worth a prompt: {progress.weakest[0].title}.")
    return Reply(
        blocks=(
            Text(text="Your week", style="heading"),
            *(Text(text=line) for line in lines if line),
            Text(text="`progress` shows the picture, `progress digest off` stops this summary.", style="quiet"),
        )
    )


def team_reply(counts: TeamCounts, curriculum: Curriculum, *, since: str, member: bool) -> Reply:
    """A team's counts: nobody's name, and nothing by category while fewer than `TEAM_SIZE` of them practised."""
    blocks: list[Block] = [Text(text=f"{counts.practised} of {counts.members} members practised since {since}.")]
    if counts.practised >= TEAM_SIZE:
        minutes = minutes_by_category(counts.answers.items(), counts.micro.items(), curriculum)
        whole = sum(minutes.values())
        rows = tuple((CATEGORY_TITLES[one], f"{minutes[one]:.0f}", _percent(minutes[one], whole)) for one in CATEGORIES)
        blocks.append(Table(header=("", "minutes", "share"), rows=rows, caption="All members together"))
    way = "`progress team leave` takes your practice out." if member else "`progress team join` adds your practice."
    return Reply(blocks=(*blocks, Text(text=f"Counts only, no names. {way}", style="quiet")), private=True)
