"""What the server can be told at its start (contract, section 1): flags, environment, `.env` file, defaults."""

import logging
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal

from dotenv import dotenv_values
from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from entrypoints.database_url import database_url_of
from entrypoints.setting_values import (
    LAST_PORT,
    OLLAMA_PORT,
    base_url_of,
    checked_origin,
    expanded,
    is_host,
    parse_list,
)

PREFIX = "MOCHI_"
ENV_FILE = ".env"

_SECRETS = frozenset({"api_keys", "database_url", "redis_url"})
_CLOSE = 0.85
"""Likeness, from 0 to 1, of a misspelt name: the shared prefix alone makes `MOCHI_TYPO` 0.8 like `MOCHI_PORT`."""

TextList = Annotated[tuple[str, ...], NoDecode]
"""A list that a variable or a flag writes as JSON or with commas."""

# What the file's reader warns of while there is no log yet would go to the terminal as it is, and again, as a line of
# the log, when `unknown_variables` reads the file.
logging.getLogger("dotenv").addHandler(logging.NullHandler())


class WrongSetting(ValueError):
    """A value that the server cannot start with; the message is one line that names the setting."""


class Settings(BaseSettings):
    """All settings, checked. Folders are absolute; those given relative lie in `data_dir`, and that in the working one.

    An empty variable counts as one that is not set. Raises pydantic's ValidationError; `read_settings` says it better.
    Raises TypeError for a keyword that is no setting: an `api_key` that went unheard would leave a door open.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=ENV_FILE,
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        validate_default=True,
        hide_input_in_errors=True,
    )

    host: str = Field(default="127.0.0.1", min_length=1, description="address to listen on")
    port: int = Field(default=8000, ge=0, le=LAST_PORT, description="port to listen on; 0 takes any free one")
    llm: Literal["ollama", "demo"] = Field(
        default="ollama", description="the language model's adapter; `demo` is built in and needs nothing"
    )
    ollama_host: str = Field(default=f"http://localhost:{OLLAMA_PORT}", description="the Ollama server")
    ollama_timeout: float = Field(
        default=600, gt=0, allow_inf_nan=False, description="longest silence of Ollama, loading included, in seconds"
    )
    data_dir: Path = Field(default=Path(), description="base of every relative path; created where missing")
    sessions_dir: Path = Field(default=Path("chat_sessions"), description="session files")
    agents_dir: Path = Field(default=Path("agents"), description="agents: a folder with a SKILL.md each")
    agent_chats_dir: Path = Field(default=Path("agents/agent_chats"), description="the agents' own session files")
    planning_prompt_path: Path = Field(
        default=Path("docs/agents/agent_prompt_planning.md"), description="what agents are told while they plan"
    )
    execution_prompt_path: Path = Field(
        default=Path("docs/agents/agent_prompt_execution.md"), description="what agents are told while they act"
    )
    max_agent_iterations: int = Field(default=50, ge=1, description="bound of an agent's execution loop")
    system_prompts_dir: Path = Field(default=Path("system_prompts"), description="prompt files")
    storage: Literal["json", "sql", "memory"] = Field(
        default="json", description="where sessions are kept: files, a database, or nowhere for long"
    )
    database_url: str | None = Field(
        default=None,
        repr=False,
        description="database for `sql`, as sqlite:///FILE or postgresql://…; by default mochi.db in the data folder",
    )
    redis_url: None = Field(default=None, description="several replicas; not built yet")
    dynamic_context_window_enabled: bool = Field(
        default=True, description="size `num_ctx` per conversation; off: none is sent"
    )
    summarization_enabled: bool = Field(default=True, description="summaries of sessions in the background")
    summary_unsupported_models: TextList = Field(default=(), description="models never used for summaries")
    tools_dir: Path = Field(default=Path("tools"), description="tools: Python files and packages")
    tool_timeout: float = Field(default=60, gt=0, allow_inf_nan=False, description="seconds a tool call may take")
    tool_python: Path | None = Field(
        default=None, description="interpreter that the tools run under, with pydantic; by default the server's own"
    )
    max_tool_rounds: int = Field(default=25, ge=1, description="rounds of tool calls in one run")
    api_keys: TextList = Field(
        default=(), repr=False, description="bearer keys of which every request then needs one (safer in the variable)"
    )
    cors_origins: TextList = Field(default=(), description="origins besides loopback ones that a browser may call from")
    allowed_hosts: TextList = Field(
        default=(), description="`Host` values accepted besides loopback names and the bound address"
    )
    max_request_bytes: int = Field(default=32 * 1024 * 1024, ge=1, description="larger bodies are refused")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = Field(
        default="INFO", description="least level that is logged"
    )
    log_format: Literal["text", "json"] = Field(default="text", description="lines for people, or one object a line")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic names it
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """pydantic can be strict with all sources or none, and a `.env` may hold what is meant for others."""
        if unknown := init_settings().keys() - cls.model_fields.keys():
            raise TypeError(f"no setting of this server: {', '.join(sorted(unknown))}")
        return init_settings, env_settings, dotenv_settings, file_secret_settings

    @field_validator("redis_url", mode="before")
    @classmethod
    def _refuse_redis(cls, value: object) -> object:
        if value:
            raise ValueError("several replicas are not built yet; leave it unset")
        return None

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper_case(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("summary_unsupported_models", "api_keys", "cors_origins", "allowed_hosts", mode="before")
    @classmethod
    def _as_list(cls, value: object) -> object:
        return parse_list(value) if isinstance(value, str) else value

    @field_validator("api_keys")
    @classmethod
    def _fit_for_a_header(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        for key in keys:
            if not key or any(not "!" <= character <= "~" for character in key):
                raise ValueError("a key must be of visible ASCII characters, without spaces")
        return keys

    @field_validator("cors_origins")
    @classmethod
    def _as_browsers_send_them(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(checked_origin(origin) for origin in origins)

    @field_validator("allowed_hosts")
    @classmethod
    def _hosts_only(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for host in hosts:
            if not is_host(host):
                raise ValueError(f"{host[:100]!r} is no host; one looks like chat.example, 10.0.0.7:8000 or [::1]")
        return hosts

    @field_validator("host")
    @classmethod
    def _without_brackets(cls, host: str) -> str:
        return host[1:-1] if host.startswith("[") and host.endswith("]") else host

    @field_validator("ollama_host")
    @classmethod
    def _as_base_url(cls, address: str) -> str:
        return base_url_of(address)

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return expanded(path).absolute()

    @field_validator(
        "sessions_dir",
        "system_prompts_dir",
        "tools_dir",
        "agents_dir",
        "agent_chats_dir",
        "planning_prompt_path",
        "execution_prompt_path",
    )
    @classmethod
    def _in_data_dir(cls, path: Path, info: ValidationInfo) -> Path:
        data_dir = info.data.get("data_dir")
        if not isinstance(data_dir, Path):
            return path
        return Path(os.path.normpath(data_dir / expanded(path)))  # as two names of one folder must be seen to be one

    @field_validator("agent_chats_dir")
    @classmethod
    def _apart(cls, path: Path, info: ValidationInfo) -> Path:
        if path in (info.data.get("sessions_dir"), info.data.get("agents_dir")):
            raise ValueError("it must be a folder apart from the sessions and the agents")
        return path

    @field_validator("database_url")
    @classmethod
    def _as_sqlalchemy_takes_it(cls, text: str | None, info: ValidationInfo) -> str | None:
        data_dir = info.data.get("data_dir")
        return database_url_of(text, data_dir) if isinstance(data_dir, Path) else text

    @field_validator("tool_python")
    @classmethod
    def _executable(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        """A bare name is looked for where a shell would look."""
        data_dir = info.data.get("data_dir")
        if path is None or not isinstance(data_dir, Path):
            return path
        found = shutil.which(path if path.parent == Path() else data_dir / expanded(path))
        if found is None:
            raise ValueError("there is no program of this name that can be run")
        return Path(found).absolute()


def read_settings(flags: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process: `flags`, by field name, beat the environment, which beats `.env`, then defaults.

    Raises WrongSetting.
    """
    try:
        # pydantic parses text given by keyword as it does that of the environment; mypy knows only the parsed types.
        return Settings(**dict(flags or {}))  # type: ignore[arg-type]
    except ValidationError as error:
        raise WrongSetting(_first_complaint(error, flags or {})) from error
    except (OSError, UnicodeDecodeError) as error:
        raise WrongSetting(f"the file {ENV_FILE} cannot be read: {error}") from error


def variable_of(field_name: str) -> str:
    return f"{PREFIX}{field_name.upper()}"


def flag_of(field_name: str) -> str:
    return f"--{field_name.replace('_', '-')}"


def unknown_variables() -> list[str]:
    """A line for each `MOCHI_*` variable, of the environment or `.env`, that the server does not know."""
    known = {variable_of(name) for name in Settings.model_fields}
    names = {name.upper() for name in (*os.environ, *dotenv_values(ENV_FILE))}
    return [_unknown(name, known) for name in sorted(names) if name.startswith(PREFIX) and name not in known]


def settings_without_effect(settings: Settings) -> list[str]:
    """A line for what was set and does nothing, as another setting is not what its author believes."""
    if settings.storage != "sql" and "database_url" in settings.model_fields_set:
        variable, other = variable_of("database_url"), variable_of("storage")
        return [f"{variable} is set and has no effect, as {other} is `{settings.storage}`. Is {other}=sql meant?"]
    return []


def _first_complaint(error: ValidationError, flags: Mapping[str, str]) -> str:
    first = error.errors(include_url=False, include_context=False)[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    reason = first["msg"].removeprefix("Value error, ")
    reason = reason[:1].lower() + reason[1:]
    given = "" if name in _SECRETS else _given_text(name, flags)
    return f"wrong value{given} for {variable_of(name)} ({flag_of(name)}): {reason}"


def _given_text(name: str, flags: Mapping[str, str]) -> str:
    environment = {key.upper(): value for key, value in os.environ.items()}
    dotenv = {key.upper(): value for key, value in dotenv_values(ENV_FILE).items()}
    variable = variable_of(name)
    text = flags.get(name) or environment.get(variable) or dotenv.get(variable)
    if not text or "@" in text:  # There may be a password before it.
        return ""
    return f" {text[:100]!r}"


def _unknown(name: str, known: Iterable[str]) -> str:
    import difflib  # noqa: PLC0415 - for a slip of the pen alone

    close = difflib.get_close_matches(name, known, n=1, cutoff=_CLOSE)
    return f"{name} is no setting of this server and has no effect." + (f" Is {close[0]} meant?" if close else "")
