"""The command line: a flag for each setting, and the subcommands."""

import argparse
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, NoReturn, get_args, get_origin

from pydantic.fields import FieldInfo

from entrypoints.settings import Settings, flag_of

DISTRIBUTION = "mochi-server"

GROUPS: Mapping[str, Sequence[str]] = {
    "where to listen": ("host", "port"),
    "the language model": ("llm", "ollama_host", "ollama_timeout", "dynamic_context_window_enabled"),
    "summaries": ("summarization_enabled", "summary_unsupported_models"),
    "tools": ("tools_dir", "tool_timeout", "tool_python", "max_tool_rounds"),
    "agents": (
        "agents_dir",
        "planning_prompt_path",
        "execution_prompt_path",
        "max_agent_iterations",
    ),
    "what is kept, and where": (
        "data_dir",
        "sessions_dir",
        "agent_chats_dir",
        "system_prompts_dir",
        "storage",
        "database_url",
        "redis_url",
    ),
    "who may call": ("api_keys", "cors_origins", "allowed_hosts", "max_request_bytes"),
    "the log": ("log_level", "log_format"),
}
"""The fields of Settings as `--help` shows them."""

STORAGE_GROUPS = ("what is kept, and where",)
CHAT_GROUPS = ("the language model", "summaries", "tools", "agents", "what is kept, and where")
"""Those that count where nobody is listened to."""

_NOT_FOR_COPIES = frozenset({"storage", "redis_url"})
"""`--from` and `--to` choose the stores."""

_PLACE_HELP = "json, sql, a data folder such as ./other, or a database's address such as postgresql://..."

_EPILOG = """\
Each setting is also read from the environment (--ollama-host: MOCHI_OLLAMA_HOST) and from a file `.env` in the
working folder; a flag beats the environment, which beats the file. Lists are JSON or have commas.
"""


@dataclass(frozen=True, slots=True)
class StorageArguments:
    """`source` and `target` are for copies: places as they were named."""

    action: Literal["copy", "check", "upgrade"]
    source: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True)
class Arguments:
    """`flags` are the settings given on the command line, as text by field name."""

    command: Literal["serve", "demo", "chat", "storage"]
    flags: Mapping[str, str]
    reload: bool = False
    keep: bool = False
    model: str | None = None
    session_id: str | None = None
    think: bool = False
    storage: StorageArguments | None = None


def parse_arguments(argv: Sequence[str]) -> Arguments:
    """Exits with code 2 and one line for what it does not know, with 0 after `--help` and `--version`."""
    if argv and argv[0] == "demo":
        return Arguments(command="demo", flags={}, keep=_demo_parser().parse_args(argv[1:]).keep)
    if argv and argv[0] == "chat":
        given = vars(_chat_parser().parse_args(argv[1:]))
        options = {name: given[name] for name in ("model", "session_id", "think")}
        return Arguments(command="chat", flags=_settings_in(given), **options)
    if argv and argv[0] == "storage":
        given = vars(_storage_parser().parse_args(argv[1:]))
        options = {name: given[name] for name in ("action", "source", "target") if name in given}
        return Arguments(command="storage", flags=_settings_in(given), storage=StorageArguments(**options))
    given = vars(_serve_parser().parse_args(argv))
    return Arguments(command="serve", flags=_settings_in(given), reload=given["reload"])


def _settings_in(given: Mapping[str, Any]) -> dict[str, str]:
    return {name: text for name, text in given.items() if name in Settings.model_fields and text is not None}


class _Parser(argparse.ArgumentParser):
    """One clear line for a mistake, instead of the whole usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{DISTRIBUTION}: {message} (see {self.prog} --help)\n")


def _serve_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=DISTRIBUTION,
        usage="%(prog)s [flags]\n       %(prog)s chat [flags]\n       %(prog)s demo [--keep]\n"
        "       %(prog)s storage copy --from PLACE --to PLACE [flags]\n"
        "       %(prog)s storage check|upgrade [flags]",
        description="A headless chat server between any front end and Ollama. Without a subcommand it serves; "
        "`chat` holds a conversation in this terminal instead, without HTTP (see chat --help); `demo` shows the server "
        "at work, with a built-in model and a throw-away folder; `storage` works on what is kept (see storage copy "
        "--help).",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"{DISTRIBUTION} {version(DISTRIBUTION)}")
    parser.add_argument("--reload", action="store_true", help="start again when the code or .env changes")
    _add_settings(parser, GROUPS)
    return parser


def _chat_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=f"{DISTRIBUTION} chat",
        description="Hold a conversation in this terminal, with the sessions, tools and agents that a server with the "
        "same settings has. Through a pipe, each line is a message, and the answers go to the standard output.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--model", metavar="NAME", help="the model to talk to; otherwise you are asked")
    parser.add_argument("--session", dest="session_id", metavar="ID", help="go on with this session")
    parser.add_argument("--think", action="store_true", help="have the model think first, where it can")
    _add_settings(parser, CHAT_GROUPS)
    return parser


def _storage_parser() -> argparse.ArgumentParser:
    parser = _Parser(prog=f"{DISTRIBUTION} storage", description="Work on what is kept.", allow_abbrev=False)
    actions = parser.add_subparsers(dest="action", required=True, metavar="copy|check|upgrade")
    copy = _action(
        actions,
        "copy",
        "Copy sessions, the records of their runs, and prompts from one store to another. Nothing is overwritten, what "
        "is there already is compared, and all is read back. Stop the server first.",
    )
    for flag, name in (("--from", "source"), ("--to", "target")):
        copy.add_argument(flag, dest=name, required=True, metavar="PLACE", help=_PLACE_HELP)
    _add_settings(copy, STORAGE_GROUPS, without=_NOT_FOR_COPIES)
    check = _action(actions, "check", "Read everything that is kept, count it, and name what cannot be read.")
    _add_settings(check, STORAGE_GROUPS)
    upgrade = _action(
        actions,
        "upgrade",
        "Make the tables of the database those of this version. Stop the servers that use it first.",
    )
    _add_settings(upgrade, STORAGE_GROUPS)
    return parser


def _action(actions: Any, name: str, description: str) -> argparse.ArgumentParser:
    """`actions` is of a private class of argparse."""
    parser: argparse.ArgumentParser = actions.add_parser(
        name,
        description=description,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    return parser


def _add_settings(parser: argparse.ArgumentParser, titles: Iterable[str], without: Container[str] = ()) -> None:
    for title in titles:
        group = parser.add_argument_group(title)
        for name in GROUPS[title]:
            if name not in without:
                _add_flag(group, name, Settings.model_fields[name])


def _demo_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=f"{DISTRIBUTION} demo",
        description="Hold a short conversation with a server of its own over real HTTP, and show what happens.",
        allow_abbrev=False,
    )
    parser.add_argument("--keep", action="store_true", help="leave the server up afterwards; Ctrl-C ends it")
    return parser


def _add_flag(group: argparse._ArgumentGroup, name: str, field: FieldInfo) -> None:
    about = f"{field.description} (default: {_default_of(field)})".replace("%", "%%")
    if field.annotation is bool:
        group.add_argument(flag_of(name), dest=name, nargs="?", const="true", metavar="true|false", help=about)
    else:
        group.add_argument(flag_of(name), dest=name, metavar=_placeholder_of(field), help=about)


def _default_of(field: FieldInfo) -> str:
    match field.default:
        case bool() as default:
            return str(default).lower()
        case None | ():
            return "none"
        case default:
            return str(default)


def _placeholder_of(field: FieldInfo) -> str:
    if get_origin(field.annotation) is Literal:
        return "|".join(get_args(field.annotation))
    if get_origin(field.annotation) is tuple:
        return "LIST"
    if field.annotation in {int, float}:
        return "N"
    return "PATH" if field.annotation is Path else "TEXT"
