"""Sums in messages."""

from fractions import Fraction

import pytest

from adapters.demo.arithmetic import find_sum, in_figures


@pytest.mark.parametrize(
    ("message", "value"),
    [
        ("12*7", "84"),
        ("what is 12 x 7 ?", "84"),
        ("12 \u00d7 7", "84"),
        ("what is 12 times 7 plus 1?", "85"),
        ("(3+4)*5", "35"),
        ("-3 + 5", "2"),
        ("10/4", "2.5"),
        ("1/3", "0.3333333333"),
        ("0.1+0.2", "0.3"),
        ("10 % 3", "1"),
        ("2^10", "1024"),
        ("3 * 4 = ?", "12"),
    ],
)
def test_a_sum_is_found_and_worked_out_exactly(message: str, value: str) -> None:
    worked = find_sum(message)

    assert worked is not None
    assert worked.value is not None
    assert in_figures(worked.value) == value


@pytest.mark.parametrize(
    "message",
    ["hello", "12", "we met on 2026-11-23", "on 3/4/2026", "5 -", "((((", "(1+2)(3)", "007 + 1", "1+" * 90 + "1"],
)
def test_what_is_no_sum_is_left_alone(message: str) -> None:
    assert find_sum(message) is None


@pytest.mark.parametrize(
    "message",
    ["1/0", "5 % 0", "9**9**9", "0 ^ -1", "2 ^ 0.5", "7 // 2", "9^99 * 9^99 * 9^99 * 9^99", "1/7 + 9^300 * 9^300"],
)
def test_what_cannot_be_done_says_so(message: str) -> None:
    worked = find_sum(message)

    assert worked is not None
    assert worked.value is None
    assert worked.steps


def test_each_step_is_told_in_its_order() -> None:
    worked = find_sum("1 + 2 * 3")

    assert worked is not None
    assert worked.steps == ("2 * 3 = 6", "1 + 6 = 7")
    assert worked.value == Fraction(7)
