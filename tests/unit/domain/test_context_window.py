import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.context_window import (
    ADJUSTMENTS_KEPT,
    ContextWindowConfig,
    WindowChoice,
    adjusted,
    fitted,
    initial_window,
    require_window,
    safe_limit,
    with_choice,
)
from domain.errors import ValidationFailed
from tests.unit.histories import AT, LATER

FIXED = ContextWindowConfig(manual_override=True, current_window=4096)
FREED = WindowChoice(manual_override=False)


@given(st.integers(1, 10_000_000))
def test_the_safe_limit_is_nine_tenths_rounded_down(largest: int) -> None:
    assert safe_limit(largest) * 10 <= largest * 9 < safe_limit(largest) * 10 + 10
    assert initial_window(largest) <= min(safe_limit(largest), 8192)


@pytest.mark.parametrize("window", [1, 4096])
def test_a_window_may_be_fixed_up_to_the_largest_of_the_model(window: int) -> None:
    require_window(WindowChoice(manual_override=True, current_window=window), 4096)


@pytest.mark.parametrize("window", [None, 0, -1, 4097])
def test_other_windows_may_not_be_fixed(window: int | None) -> None:
    with pytest.raises(ValidationFailed) as raised:
        require_window(WindowChoice(manual_override=True, current_window=window), 4096)

    assert raised.value.details == {"field": "context_window.current_window", "model_max_context": 4096}


def test_where_the_largest_is_unknown_only_the_smallest_counts() -> None:
    require_window(WindowChoice(manual_override=True, current_window=10_000_000), None)
    with pytest.raises(ValidationFailed):
        require_window(WindowChoice(manual_override=True, current_window=0), None)


def test_a_free_window_needs_no_size() -> None:
    require_window(WindowChoice(manual_override=False, current_window=-1), 4096)


def test_fixing_a_window_is_an_adjustment() -> None:
    fixed = with_choice(
        ContextWindowConfig(current_window=8192), WindowChoice(manual_override=True, current_window=9), AT
    )

    assert (fixed.manual_override, fixed.current_window) == (True, 9)
    assert fixed.last_adjustment == fixed.adjustment_history[-1]
    assert (fixed.adjustment_history[-1].previous_window, fixed.adjustment_history[-1].new_window) == (8192, 9)
    assert fixed.adjustment_history[-1].reason == "manual_override"


def test_fixing_it_where_it_stands_is_none() -> None:
    assert with_choice(FIXED, WindowChoice(manual_override=True, current_window=4096), AT) is FIXED


def test_a_freed_window_is_sized_anew_and_a_free_one_stays() -> None:
    free = ContextWindowConfig(current_window=8192)

    freed = with_choice(FIXED, FREED, AT)

    assert (freed.manual_override, freed.current_window) == (False, None)
    assert with_choice(free, FREED, AT) is free


@pytest.mark.parametrize("largest", [None, 4096, 8192])
def test_a_fixed_window_that_fits_another_model_stays(largest: int | None) -> None:
    assert fitted(FIXED, largest, AT) is FIXED


def test_a_fixed_window_that_is_too_large_for_another_model_shrinks() -> None:
    smaller = fitted(FIXED, 2048, AT)

    assert (smaller.manual_override, smaller.current_window) == (True, 2048)
    assert smaller.last_adjustment
    assert smaller.last_adjustment.reason == "model_change"


def test_a_free_window_is_left_to_the_next_run() -> None:
    free = ContextWindowConfig(current_window=8192)

    assert fitted(free, 2048, AT) is free


def test_the_last_adjustments_are_kept() -> None:
    config = ContextWindowConfig()
    for window in range(1, ADJUSTMENTS_KEPT + 4):
        config = adjusted(config, window, "usage_threshold", LATER)

    assert [adjustment.new_window for adjustment in config.adjustment_history] == list(range(4, ADJUSTMENTS_KEPT + 4))
    assert config.last_adjustment == config.adjustment_history[-1]
