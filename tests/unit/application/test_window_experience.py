import pytest

from application.ports.language_model import ModelEnd
from application.runs.window_experience import MODELS_KEPT, SESSIONS_KEPT, WindowExperience

LOADED = ModelEnd(load_duration_ns=270_000_000)
THERE = ModelEnd(load_duration_ns=3_000_000)


def noted(loaded: int | None, asked: int | None, end: ModelEnd = LOADED) -> int:
    experience = WindowExperience()
    experience.note_load("s", "llama", loaded_window=loaded, num_ctx=asked, end=end)
    return experience.reloads_of("s")


def test_a_load_that_another_window_led_to_is_a_reload() -> None:
    assert noted(8_192, 16_384) == 1


@pytest.mark.parametrize(
    ("loaded", "asked", "end"),
    [(None, 8_192, LOADED), (8_192, 8_192, LOADED), (8_192, None, LOADED), (8_192, 9, THERE), (8_192, 9, ModelEnd())],
)
def test_other_loads_are_nobodys_doing(loaded: int | None, asked: int | None, end: ModelEnd) -> None:
    assert noted(loaded, asked, end) == 0


def test_estimates_are_kept_by_model_whatever_its_name_is_written_like() -> None:
    experience = WindowExperience()
    experience.learn("Llama", 10_000, 5_000, is_all_text=True)
    experience.learn("other", 10_000, None, is_all_text=True)

    assert experience.estimate_of("llama:latest").error is not None
    assert experience.estimate_of("other").error is None


def test_no_more_is_kept_than_has_a_use() -> None:
    experience = WindowExperience()
    for number in range(MODELS_KEPT + 1):
        experience.learn(f"model{number}", 10_000, 5_000, is_all_text=True)
    for number in range(SESSIONS_KEPT + 1):
        experience.note_load(f"s{number}", "llama", loaded_window=1, num_ctx=2, end=LOADED)

    assert experience.estimate_of("model0").error is None
    assert experience.estimate_of("model1").error is not None
    assert [experience.reloads_of(f"s{number}") for number in (0, 1, SESSIONS_KEPT)] == [0, 1, 1]
