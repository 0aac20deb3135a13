import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.token_estimate import (
    STARTING_RATIO,
    TokenEstimate,
    has_pictures,
    is_surely_longer,
    json_weight,
    weight_of,
    weights_of,
)
from tests.unit.histories import assistant, call, result, system, user

counts = st.integers(1, 100_000)


def test_before_anything_is_learnt_a_usual_ratio_counts() -> None:
    estimate = TokenEstimate()

    assert estimate.ratio == STARTING_RATIO
    assert estimate.tokens(3_600) == 1_000
    assert (estimate.tokens(0), estimate.tokens(1)) == (0, 1)
    assert estimate.error is None


def test_it_learns_what_a_model_counts() -> None:
    estimate = TokenEstimate()
    for _ in range(3):
        estimate = estimate.learnt(2_000, 1_000)

    assert estimate.ratio == 2.0
    assert estimate.tokens(400) == 200


@pytest.mark.parametrize("outlier", [1, 10_000_000])
def test_outliers_change_nothing(outlier: int) -> None:
    estimate = TokenEstimate()
    for counted in (500, 500, outlier, 500, 500, outlier, 500):
        estimate = estimate.learnt(2_000, counted)

    assert estimate.ratio == 4.0


@given(st.lists(st.tuples(st.integers(0, 10_000_000), st.integers(-5, 10_000_000)), max_size=40))
def test_whatever_is_counted_the_estimate_stays_small_and_sane(samples: list[tuple[int, int]]) -> None:
    estimate = TokenEstimate()
    for weight, counted in samples:
        estimate = estimate.learnt(weight, counted)

    assert 0.5 <= estimate.ratio <= 16
    assert len(estimate.ratios) <= 9
    assert len(estimate.checks) <= 9
    assert estimate.error is None or estimate.error >= 0


def test_the_error_is_that_of_the_estimates_before_they_were_bettered() -> None:
    estimate = TokenEstimate(ratios=(4.0,))

    assert estimate.learnt(4_000, 2_000).error == 0.5
    assert estimate.learnt(4_000, 1_000).error == 0.0


def test_short_prompts_and_pictures_teach_no_ratio() -> None:
    estimate = TokenEstimate()

    assert estimate.learnt(40, 30).ratios == estimate.ratios
    assert estimate.learnt(40, 30).error is not None
    assert estimate.learnt(40_000, 300, is_all_text=False) is estimate


@given(counts, counts)
def test_more_text_is_never_fewer_tokens(one: int, other: int) -> None:
    estimate = TokenEstimate(ratios=(3.7,))

    assert estimate.tokens(one) <= estimate.tokens(one + other)


@pytest.mark.parametrize(("text", "weight"), [("", 0), ("word", 4), ("é", 2), ("字", 3), ("😀", 4), ("\ud800", 3)])
def test_characters_weigh_their_bytes(text: str, weight: int) -> None:
    assert weight_of(text) == weight


def test_all_that_goes_to_the_model_weighs() -> None:
    plain, with_call = assistant("Hi"), assistant("Hi", calls=(call("c1"),))
    bare, seeing = user("Hi"), user("Hi", images=("aGk=",))
    weights = weights_of((system(), plain, with_call, result("c1"), bare, seeing))

    assert weights[2] > weights[1]
    assert weights[5] > weights[4] + 1_000
    assert has_pictures((bare, seeing))
    assert not has_pictures((bare, plain))


def test_json_of_any_depth_weighs_something() -> None:
    nested: list[object] = []
    for _ in range(100_000):
        nested = [nested]

    assert json_weight({"city": "Oslo"}) == 15
    assert json_weight(nested) > 1_000  # type: ignore[arg-type]  # too deep for the checker to follow


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("word " * 10, 9), ("x" * 330, 10), ("字" * 330, 10), ("a1-b2-c3", 2), (" " * 1_281, 9), ("=" * 1_281, 9)],
)
def test_what_no_vocabulary_makes_shorter_is_surely_longer(text: str, tokens: int) -> None:
    assert is_surely_longer(("", text), tokens)
    assert not is_surely_longer((text,), tokens + 1)


@given(st.lists(st.text(max_size=300)), st.integers(0, 50))
def test_what_is_surely_longer_has_more_characters_than_tokens(texts: list[str], tokens: int) -> None:
    if is_surely_longer(texts, tokens):
        assert sum(map(len, texts)) > tokens
