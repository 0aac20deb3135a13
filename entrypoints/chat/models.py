"""Which model to talk to."""

from entrypoints.chat.sanitising import one_line
from entrypoints.chat.screen import Screen
from entrypoints.chat.use_cases import ChatUseCases

_LONGEST_NAME = 100


class NoModel(Exception):
    """Why there is none to talk to, on one line."""


async def choose_model(use_cases: ChatUseCases, screen: Screen, wanted: str | None) -> str:
    """The one that is wanted, or the only one; else a person is asked.

    Raises NoModel, EndOfInput, Interrupted, ModelNotFound, ModelServerError.
    """
    if wanted is not None:
        return (await use_cases.get_model(wanted)).name
    names = [model.name for model in await use_cases.list_models()]
    if not names:
        raise NoModel("No model is installed that can hold a conversation. Fetch one: ollama pull qwen3:0.6b")
    if len(names) == 1:
        return names[0]
    if not screen.can_ask:
        raise NoModel(f"Say which model with --model: {', '.join(one_line(name, _LONGEST_NAME) for name in names)}")
    return await _asked(screen, names)


async def _asked(screen: Screen, names: list[str]) -> str:
    screen.show("\n".join(f"{number:>3}  {name}" for number, name in enumerate(names, start=1)))
    while True:
        answer = (await screen.ask(f"Which model? (1 to {len(names)})")).strip()
        if answer in names:
            return answer
        if answer.isdecimal() and 1 <= int(answer) <= len(names):
            return names[int(answer) - 1]
