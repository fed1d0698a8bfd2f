"""`coach report`: its figures from rows, and what is printed of them."""

from typing import Any

import pytest

from bot.core.usage import Opted, PracticeDay, UsageRows, percentile, report
from bot.progress_report import _as_object, report_lines

MINUTES = {"B.X.1": 2.0, "S.X.1": 1.5}


def rows(**given: Any) -> UsageRows:
    return UsageRows(**{"opted": Opted(), "practice": (), "prompted": {}, **given})


def counted(**given: Any) -> Any:
    return report(rows(**given), MINUTES, otherwise=5.0, micro=0.3)


def test_minutes_of_a_day_on_which_somebody_practised() -> None:
    days = [
        PracticeDay(answers={"B.X.1": 2, "S.X.1": 1}, micro=3),  # 6.4
        PracticeDay(answers={}, micro=1),  # 0.3
        PracticeDay(answers={"retired": 1}),  # 5
    ]
    found = counted(practice=days)
    assert found.days_practised == 3
    assert found.minutes_mean == pytest.approx(11.7 / 3)
    assert (found.minutes_median, found.minutes_p95) == (pytest.approx(5.0), pytest.approx(6.4))


@pytest.mark.parametrize(("share", "value"), [(0.0, 1), (0.5, 5), (0.51, 6), (0.95, 10), (1.0, 10)])
def test_the_percentile_is_the_nearest_rank(share: float, value: int) -> None:
    assert percentile(range(1, 11), share) == value


def test_rates_are_by_category_and_none_where_nothing_was_delivered() -> None:
    found = counted(prompted={"B": (8, 6), "S": (2, 0)})
    assert found.rates == {"B": 0.75, "S": 0.0, "D": None, "A": None}
    assert found.delivered == {"B": 8, "S": 2, "D": 0, "A": 0}


def test_what_is_printed() -> None:
    opted = Opted(people=9, on=6, stopped=2, reached_week_4=8, kept=4)
    text = "\n".join(
        report_lines(counted(opted=opted, prompted={"B": (8, 6)}, channels_on=1, disputed=3, contested=2, answers=50))
    )
    for sentence in (
        "9 people, 6 of them on; 1 channels on",
        "4 of 8 who reached its end answered 3 prompts in it (50%)",
        "Unsubscribed: 2 of 9",
        "nobody practised",
        "75% of 8 prompts",
        "none delivered",
        "3 of questions, 2 of verdicts, in 50 answers",
    ):
        assert sentence in text


def test_nothing_yet_is_printed_too() -> None:
    assert "0 of 0 who reached its end" in "\n".join(report_lines(counted()))
    assert _as_object(counted())["minutes_a_day"] == {"mean": None, "median": None, "p95": None}
