"""D.HIRE.STR-002: which name is the next greater one in the order of bytes."""

import pytest


@pytest.mark.parametrize(
    ("stem", "last", "following", "skipped"), [("event-", 99999, 999990, 899990), ("run-", 999, 9990, 8990)]
)
def test_the_next_greater_name_is_the_last_one_with_a_digit_more(
    stem: str, last: int, following: int, skipped: int
) -> None:
    cursor = f"{stem}{last}"
    assert not any(f"{stem}{n}" > cursor for n in range(last + 1, following, 7))
    assert not f"{stem}{following - 1}" > cursor
    assert f"{stem}{following}" > cursor
    assert following - (last + 1) == skipped


def test_padding_makes_text_order_number_order() -> None:
    assert f"event-{100000:012d}" > f"event-{99999:012d}"
