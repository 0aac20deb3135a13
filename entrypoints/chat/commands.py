"""What begins with a slash."""

import difflib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from domain.identifiers import is_id
from entrypoints.chat.history import show_history
from entrypoints.chat.listing import agents_text, sessions_text, tools_text
from entrypoints.chat.sanitising import one_line
from entrypoints.chat.screen import EndOfInput
from entrypoints.chat.talk import Talk

SIGN = "/"
LISTED = 20
"""Sessions that a list shows."""

_FOOTER = (
    "Alt-Enter, or a \\ at the end of a line, begins another line. Ctrl-C ends an answer, Ctrl-D the chat.\n"
    "A blank before it lets a message begin with a slash."
)


class WrongCommand(Exception):
    """What is wrong with it, on one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """`call` gets what was written behind the name. It raises WrongCommand, EndOfInput, and what use cases raise."""

    argument: str
    about: str
    call: Callable[[Talk, str], Awaitable[None]]


def is_command(text: str) -> bool:
    return text.startswith(SIGN)


async def carry_out(talk: Talk, text: str) -> None:
    """Raises WrongCommand where there is no such command, and what the command raises."""
    name, _, argument = text[len(SIGN) :].strip().partition(" ")
    if name not in COMMANDS:
        raise WrongCommand(_unknown(name))
    await COMMANDS[name].call(talk, argument.strip())


def _unknown(name: str) -> str:
    close = difflib.get_close_matches(name.lower(), COMMANDS, n=1, cutoff=0.5)
    advice = f"Is {SIGN}{close[0]} meant?" if close else f"{SIGN}help lists those that there are."
    return f"There is no command {SIGN}{one_line(name, 40)}. {advice}"


async def _help(talk: Talk, _argument: str) -> None:
    usages = {f"{SIGN}{name} {each.argument}".strip(): each.about for name, each in COMMANDS.items()}
    width = max(map(len, usages))
    talk.screen.show("\n".join(f"{usage:<{width}}  {about}" for usage, about in usages.items()) + f"\n{_FOOTER}")


async def _sessions(talk: Talk, _argument: str) -> None:
    page = await talk.use_cases.list_sessions(limit=LISTED)
    talk.listed = page.sessions
    more = "" if page.next_position is None else f"\nThese are the {LISTED} newest."
    talk.screen.show(sessions_text(page.sessions, talk.session_id) + more)


async def _resume(talk: Talk, argument: str) -> None:
    if not argument:
        raise WrongCommand(f"Say which one: {SIGN}resume N, by the number in {SIGN}sessions, or {SIGN}resume ID.")
    if not is_id(argument):
        talk.listed = talk.listed or (await talk.use_cases.list_sessions(limit=LISTED)).sessions
        if not (argument.isdecimal() and 1 <= int(argument) <= len(talk.listed)):
            raise WrongCommand(
                f"There is no session {one_line(argument, 40)}. {SIGN}sessions lists those that there are."
            )
        argument = talk.listed[int(argument) - 1].session_id
    await talk.resume(argument)


async def _new(talk: Talk, _argument: str) -> None:
    talk.begin_another()
    talk.screen.note(f"A new session with {talk.model}.")


async def _model(talk: Talk, argument: str) -> None:
    if argument:
        await talk.use_model(argument)
        talk.screen.note(f"The model is {talk.model}.")
        return
    names = [model.name for model in await talk.use_cases.list_models()]
    talk.screen.show("\n".join(f"{'*' if name == talk.model else ' '} {name}" for name in names))


async def _tools(talk: Talk, _argument: str) -> None:
    talk.screen.show(tools_text(await talk.use_cases.list_tools(), await talk.tool_settings()))


async def _agents(talk: Talk, argument: str) -> None:
    switch, _, name = argument.partition(" ")
    if switch not in ("", "on", "off"):
        raise WrongCommand(f"It is {SIGN}agents, {SIGN}agents on NAME or {SIGN}agents off NAME; all without a name.")
    if switch:
        await talk.switch_agents(name.strip(), on=switch == "on")
    talk.screen.show(agents_text(await talk.use_cases.list_agents(), await talk.agent_settings()))


async def _history(talk: Talk, _argument: str) -> None:
    if talk.session_id is None:
        talk.screen.show("Nothing has been said yet.")
        return
    show_history(talk.screen, await talk.use_cases.list_messages(talk.session_id))


async def _think(talk: Talk, argument: str) -> None:
    if argument not in ("", "on", "off"):
        raise WrongCommand(f"It is {SIGN}think on or {SIGN}think off.")
    if argument:
        talk.think = argument == "on"
    talk.screen.note(f"Thinking is {'on' if talk.think else 'off'}.")


async def _quit(_talk: Talk, _argument: str) -> None:
    raise EndOfInput


COMMANDS = {
    "help": Command(argument="", about="this list", call=_help),
    "sessions": Command(argument="", about="the sessions, the newest first", call=_sessions),
    "resume": Command(argument="N|ID", about="go on with a session", call=_resume),
    "new": Command(argument="", about="begin another session", call=_new),
    "model": Command(argument="[NAME]", about="the models that there are, or use another", call=_model),
    "tools": Command(argument="", about="the tools, and which of them the session has", call=_tools),
    "agents": Command(argument="[on|off [NAME]]", about="the agents, and which of them the session has", call=_agents),
    "history": Command(argument="", about="what was said so far", call=_history),
    "think": Command(argument="[on|off]", about="whether the model is to think first", call=_think),
    "quit": Command(argument="", about="leave; so does Ctrl-D", call=_quit),
}
