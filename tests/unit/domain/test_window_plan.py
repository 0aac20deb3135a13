from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.context_window import INITIAL_WINDOW, ContextWindowConfig, adjusted, initial_window, safe_limit
from domain.errors import ContextOverflow, PromptTooLong
from domain.history_trimming import AnswerRoom, left_out_for
from domain.prompt_size import PromptSize
from domain.token_estimate import TokenEstimate
from domain.window_plan import WindowPlan, WindowQuestion, plan_window, tighter_plan
from tests.unit.histories import AT

WIDE = 131_072
WIDE_LIMIT = 117_964
FIXED = ContextWindowConfig(manual_override=True, current_window=1_000)
NOTHING_SAID = PromptTooLong("the input length exceeds the context length", prompt_tokens=None, window=None)


def sized(*turns: int, head: int = 0) -> PromptSize:
    """A history of turns of these many tokens, a message each."""
    sums = [0]
    for turn in turns:
        sums.append(sums[-1] + turn)
    return PromptSize(
        cuts=tuple(range(max(len(turns), 1))), sums=sums, head=head, estimate=TokenEstimate(ratios=(1.0,))
    )


def asked(
    tokens: int | PromptSize = 100,
    *,
    before: int | None = None,
    loaded: int | None = None,
    config: ContextWindowConfig | None = None,
    largest: int | None = WIDE,
    answer: int | None = None,
    model_changed: bool = False,
) -> WindowQuestion:
    return WindowQuestion(
        config=config or ContextWindowConfig(current_window=before),
        size=tokens if isinstance(tokens, PromptSize) else sized(tokens),
        dynamic_enabled=True,
        model_max_context=largest,
        loaded_window=loaded,
        answer_tokens=answer,
        has_changed_model=model_changed,
    )


def plan(question: WindowQuestion) -> WindowPlan:
    return plan_window(question, AT)


@pytest.mark.parametrize(
    ("largest", "window"), [(WIDE, 8_192), (8_192, 7_372), (2_048, 1_843), (9_103, 8_192), (None, 8_192), (1, 0)]
)
def test_a_new_conversation_begins_with_the_initial_window(largest: int | None, window: int) -> None:
    planned = plan(asked(0, largest=largest))

    assert (planned.num_ctx, planned.reason) == (window, "initial_setup")
    assert largest is None or window == initial_window(largest)


@pytest.mark.parametrize(
    ("tokens", "window"),
    [(4_096, 8_192), (4_097, 16_384), (8_193, 32_768), (32_769, WIDE_LIMIT), (58_983, WIDE_LIMIT)],
)
def test_the_window_doubles_when_use_passes_half_of_it(tokens: int, window: int) -> None:
    assert plan(asked(tokens, before=8_192)).num_ctx == window


@given(st.integers(1, 2_000_000), st.lists(st.integers(0, 5_000), max_size=80))
def test_a_conversation_that_grows_takes_each_step_once(largest: int, turns: list[int]) -> None:
    limit = safe_limit(largest)
    config, loaded, windows = ContextWindowConfig(), None, []
    for number in range(1, len(turns) + 1):
        planned = plan(asked(sized(*turns[:number]), config=config, loaded=loaded, largest=largest))
        config, loaded = planned.config, planned.num_ctx
        assert planned.num_ctx is not None
        assert planned.num_ctx <= limit
        assert planned.num_ctx == limit or planned.prompt_tokens * 2 <= planned.num_ctx
        windows.append(planned.num_ctx)

    assert windows == sorted(windows)
    steps = {min(INITIAL_WINDOW * 2**power, limit) for power in range(30)}
    assert set(windows) <= steps
    assert len(config.adjustment_history) <= 10


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 60_000)), max_size=40))
def test_sessions_of_one_model_never_take_turns_in_reloading(turns: list[tuple[bool, int]]) -> None:
    configs = {True: ContextWindowConfig(), False: ContextWindowConfig()}
    loaded: int | None = None
    windows: list[int] = []
    for which, tokens in turns:
        planned = plan(asked(tokens, config=configs[which], loaded=loaded))
        configs[which], loaded = planned.config, planned.num_ctx
        windows.append(planned.num_ctx or 0)

    assert sum(before != after for before, after in pairwise(windows)) <= 4
    assert windows == sorted(windows)


@pytest.mark.parametrize("loaded", [8_192, 10_000, 65_536, WIDE_LIMIT])
def test_a_loaded_window_that_will_do_is_taken_as_it_is(loaded: int) -> None:
    planned = plan(asked(3_000, before=16_384, loaded=loaded))

    assert (planned.num_ctx, planned.reason) == (loaded, "no_adjustment")
    assert planned.config == ContextWindowConfig(current_window=loaded)


@pytest.mark.parametrize("loaded", [None, 1, 4_096, 8_000, WIDE_LIMIT + 1, WIDE])
def test_one_that_will_not_do_gives_way_to_the_one_before(loaded: int | None) -> None:
    planned = plan(asked(4_050, before=16_384, loaded=loaded))

    assert (planned.num_ctx, planned.reason) == (16_384, "no_adjustment")


def test_nothing_changes_without_need() -> None:
    question = asked(4_000, before=8_192, loaded=8_192)

    assert plan(question).config is question.config


def test_room_for_the_answer_that_was_asked_for() -> None:
    assert plan(asked(3_000, before=8_192, answer=5_192)).num_ctx == 8_192
    assert plan(asked(3_000, before=8_192, answer=5_193)).num_ctx == 16_384
    assert plan(asked(3_000, answer=10**9)).num_ctx == WIDE_LIMIT


def test_another_model_is_sized_by_what_it_needs() -> None:
    planned = plan(asked(100, before=65_536, model_changed=True))

    assert (planned.num_ctx, planned.reason) == (8_192, "model_change")
    same = plan(asked(100, before=8_192, model_changed=True))
    assert same.config.last_adjustment is not None
    assert same.config.last_adjustment.reason == same.reason == "model_change"


def test_a_window_beyond_what_is_safe_for_its_model_now_shrinks() -> None:
    assert plan(asked(100, before=65_536, largest=4_096)).reason == "model_change"


def test_a_fixed_window_stays_and_what_does_not_fit_is_left_out() -> None:
    planned = plan(asked(sized(400), config=FIXED, loaded=65_536))

    assert (planned.num_ctx, planned.reason, planned.config) == (1_000, "manual_override", FIXED)
    trimmed = plan(asked(sized(400, 400, 400), config=FIXED))
    assert (trimmed.num_ctx, trimmed.reason, trimmed.messages_left_out) == (1_000, "history_trimmed", 1)
    assert trimmed.config.manual_override


def test_without_dynamic_windows_nothing_is_decided() -> None:
    question = replace(asked(sized(90_000, 90_000), config=FIXED), dynamic_enabled=False)

    planned = plan(question)

    assert (planned.num_ctx, planned.messages_left_out, planned.reason) == (None, 0, "no_adjustment")
    with pytest.raises(PromptTooLong):
        tighter_plan(question, planned, NOTHING_SAID, AT)


def test_what_is_left_out_is_noted_once() -> None:
    first = plan(asked(sized(1_000, 500, 500), largest=2_048))
    again = plan(asked(sized(1_000, 500, 500, 100), largest=2_048, config=first.config))
    moved = plan(asked(sized(1_000, 500, 500, 100, 900), largest=2_048, config=again.config))
    back = plan(asked(sized(500), largest=2_048, config=moved.config))

    assert first.config.messages_left_out == first.messages_left_out == 1
    assert again.config is first.config
    assert again.reason == "history_trimmed"
    assert moved.messages_left_out == 3
    assert len(moved.config.adjustment_history) == 2
    assert (back.messages_left_out, back.config.messages_left_out) == (0, 0)


@given(st.lists(st.integers(0, 3_000), min_size=1, max_size=30), st.integers(0, 500), st.integers(1, 8_192))
def test_what_stays_fits_and_is_as_much_as_possible(turns: list[int], head: int, window: int) -> None:
    size, room = sized(*turns, head=head), AnswerRoom.within(window, None)

    left_out = left_out_for(size, window, room, standing=0)

    newest_only = left_out == len(turns) - 1
    assert newest_only or size.tokens(left_out) + room.least <= window
    if left_out:
        assert size.tokens(0) + room.least > window
        assert size.tokens(left_out - 1) + room.wanted > window


@given(st.integers(0, 2_000_000), st.none() | st.integers(1, 10**9))
def test_the_room_for_an_answer_never_takes_most_of_a_window(window: int, answer: int | None) -> None:
    room = AnswerRoom.within(window, answer)

    assert 0 <= room.least <= room.wanted <= window // 4 + 1


def refused(tokens: int, window: int) -> PromptTooLong:
    return PromptTooLong("too long", prompt_tokens=tokens, window=window)


def test_a_refusal_that_tells_the_size_is_answered_by_a_window_for_it() -> None:
    question = asked(sized(1_000, 1_000), before=8_192, loaded=8_192)

    retry = tighter_plan(question, plan(question), refused(9_000, 8_192), AT)

    assert (retry.num_ctx, retry.messages_left_out, retry.reason) == (32_768, 0, "usage_threshold")


def test_at_the_limit_it_is_answered_by_less_history() -> None:
    question = asked(sized(500, 500, 500), largest=2_048)

    retry = tighter_plan(question, plan(question), refused(3_000, 1_843), AT)

    assert (retry.num_ctx, retry.messages_left_out, retry.reason) == (1_843, 2, "history_trimmed")


@pytest.mark.parametrize("question", [asked(sized(500, 500, 500), largest=2_048), asked(sized(2_000, 2_000))])
def test_one_that_tells_nothing_is_answered_with_suspicion(question: WindowQuestion) -> None:
    first = plan(question)

    retry = tighter_plan(question, first, NOTHING_SAID, AT)

    assert retry.messages_left_out > first.messages_left_out or (retry.num_ctx or 0) > (first.num_ctx or 0)


def test_after_a_refusal_without_a_size_counts_of_a_cut_history_are_not_believed() -> None:
    cut_in_silence = replace(sized(50_000), counted_tokens=4_000, counted_messages=1)
    question = asked(cut_in_silence)

    assert plan(question).num_ctx == 8_192
    assert tighter_plan(question, plan(question), NOTHING_SAID, AT).num_ctx == WIDE_LIMIT


def test_a_server_that_grants_less_is_believed() -> None:
    question = asked(sized(1_500, 1_500, 1_500), largest=None)

    retry = tighter_plan(question, plan(question), refused(4_500, 4_096), AT)

    assert (retry.num_ctx, retry.messages_left_out) == (4_096, 1)


@pytest.mark.parametrize("refusal", [NOTHING_SAID, refused(9_000, 1_843)])
def test_a_newest_turn_that_does_not_fit_alone_overflows(refusal: PromptTooLong) -> None:
    question = asked(
        sized(100, 1_700), largest=2_048, config=adjusted(ContextWindowConfig(), 1_843, "no_adjustment", AT)
    )

    with pytest.raises(ContextOverflow) as raised:
        tighter_plan(question, plan(question), refusal, AT)

    assert raised.value.details["current_window"] == 1_843
    assert raised.value.details["messages_left_out"] == 1
