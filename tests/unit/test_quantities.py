"""Numbers as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.quantities import quantities, unit_of


@pytest.mark.parametrize(
    ("text", "value", "dimension", "span"),
    [
        ("20 ms", 0.02, "second", "20 ms"),
        ("about 0.02s, I think", 0.02, "second", "0.02s"),
        ("83k rps", 83_000, "rate", "83k rps"),
        ("4 GB", 4e9, "byte", "4 GB"),
        ("4e9 bytes", 4e9, "byte", "4e9 bytes"),
        ("1.6 GiB", 1.6 * 2**30, "byte", "1.6 GiB"),
        ("10 %", 0.1, "share", "10 %"),
        ("10 percent of it", 0.1, "share", "10 percent"),
        ("1,000,000 rows", 1e6, "", "1,000,000"),
        ("20 000 requests per second", 20_000, "rate", "20 000 requests per second"),
        ("600 req/min", 10, "rate", "600 req/min"),
        ("3 million users", 3e6, "", "3 million"),
        ("2 x 10^6", 2e6, "", "2 x 10^6"),
        ("5 min", 300, "second", "5 min"),
        (".5 s", 0.5, "second", ".5 s"),
        ("5M", 5e6, "", "5M"),
        ("250 µs", 250e-6, "second", "250 µs"),
    ],
)
def test_a_number_in_base_units_and_where_it_stands(text: str, value: float, dimension: str, span: str) -> None:
    (found,) = quantities(text)
    assert found.value == pytest.approx(value)
    assert found.dimension == dimension
    assert text[slice(*found.span)] == span


@pytest.mark.parametrize("text", ["", "no number", "v2", "p99", "x86", "a.5b", "sha256"])
def test_digits_inside_a_word_are_no_quantity(text: str) -> None:
    assert not list(quantities(text))


def test_several_numbers_come_in_order() -> None:
    assert [one.value for one in quantities("20 of 20, then 15 waiting after 1.9 s")] == [20, 20, 15, 1.9]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ms", ("second", 1e-3)),
        ("GB", ("byte", 1e9)),
        ("req/s", ("rate", 1.0)),
        ("requests/min", ("rate", 1 / 60)),
        ("%", ("share", 0.01)),
        ("", ("", 1.0)),
        ("servers", ("", 1.0)),
        ("GB/fortnight", ("", 1.0)),
    ],
)
def test_units(name: str, expected: tuple[str, float]) -> None:
    assert unit_of(name) == expected


@given(st.floats(0.001, 1e6), st.sampled_from(["ms", "s", "GB", "rps", "%"]))
def test_a_written_number_is_read_back(number: float, unit: str) -> None:
    (found,) = quantities(f"{number:.3f} {unit}")
    dimension, factor = unit_of(unit)
    assert found.value == pytest.approx(round(number, 3) * factor)
    assert found.dimension == dimension


@pytest.mark.parametrize("text", ["1e999 ms", "2 x 10^400", "5 m\u0131llion", "5 thou\u017fand", "9" * 5000])
def test_no_number_is_too_large_or_too_odd_to_read(text: str) -> None:
    assert len(list(quantities(text))) == 1


def test_a_rate_without_a_noun() -> None:
    (found,) = quantities("600 per minute")
    assert (found.value, found.dimension) == (10, "rate")
