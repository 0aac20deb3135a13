"""The settings, from wherever they come."""

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from entrypoints.arguments import GROUPS
from entrypoints.settings import (
    Settings,
    WrongSetting,
    flag_of,
    read_settings,
    settings_without_effect,
    unknown_variables,
    variable_of,
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder without a `.env`, in an environment without settings."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.upper().startswith("MOCHI_"):
            monkeypatch.delenv(name)
    return tmp_path


def test_the_defaults_are_those_of_the_contract(folder: Path) -> None:
    assert read_settings().model_dump() == {
        "host": "127.0.0.1",
        "port": 8000,
        "llm": "ollama",
        "ollama_host": "http://localhost:11434",
        "ollama_timeout": 600.0,
        "data_dir": folder,
        "sessions_dir": folder / "chat_sessions",
        "system_prompts_dir": folder / "system_prompts",
        "agents_dir": folder / "agents",
        "agent_chats_dir": folder / "agents/agent_chats",
        "planning_prompt_path": folder / "docs/agents/agent_prompt_planning.md",
        "execution_prompt_path": folder / "docs/agents/agent_prompt_execution.md",
        "max_agent_iterations": 50,
        "storage": "json",
        "database_url": f"sqlite:///{folder}/mochi.db",
        "redis_url": None,
        "dynamic_context_window_enabled": True,
        "summarization_enabled": True,
        "summary_unsupported_models": (),
        "tools_dir": folder / "tools",
        "tool_timeout": 60.0,
        "tool_python": None,
        "max_tool_rounds": 25,
        "api_keys": (),
        "cors_origins": (),
        "allowed_hosts": (),
        "max_request_bytes": 33_554_432,
        "log_level": "INFO",
        "log_format": "text",
    }


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("host", "0.0.0.0", "0.0.0.0"),
        ("host", "[::1]", "::1"),
        ("port", "0", 0),
        ("llm", "demo", "demo"),
        ("ollama_host", "gpu-box", "http://gpu-box:11434"),
        ("ollama_host", "10.0.0.7:80", "http://10.0.0.7:80"),
        ("ollama_host", "https://ollama.example/base/", "https://ollama.example/base"),
        ("ollama_host", "[::1]", "http://[::1]:11434"),
        ("ollama_timeout", "2.5", 2.5),
        ("storage", "memory", "memory"),
        ("storage", "sql", "sql"),
        ("database_url", "sqlite:////srv/a%20b c.db", "sqlite:////srv/a%20b c.db"),
        ("database_url", "postgresql://me:pass@db/mochi", "postgresql+asyncpg://me:pass@db/mochi"),
        (
            "database_url",
            "postgres://[::1]:5433/mochi?sslmode=require",
            "postgresql+asyncpg://[::1]:5433/mochi?ssl=require",
        ),
        (
            "database_url",
            "postgresql+asyncpg:///mochi?host=/run/postgresql",
            "postgresql+asyncpg:///mochi?host=/run/postgresql",
        ),
        ("dynamic_context_window_enabled", "false", False),
        ("summarization_enabled", "off", False),
        ("summary_unsupported_models", "tiny,hub.example/big:q4", ("tiny", "hub.example/big:q4")),
        ("summary_unsupported_models", "[]", ()),
        ("max_tool_rounds", "3", 3),
        ("api_keys", "one, two,", ("one", "two")),
        ("api_keys", '["one,two"]', ("one,two",)),
        ("cors_origins", '["*"]', ("*",)),
        ("cors_origins", "*", ("*",)),
        ("cors_origins", "tauri://localhost,app://x", ("tauri://localhost", "app://x")),
        ("allowed_hosts", "[::1],example.com", ("[::1]", "example.com")),
        ("cors_origins", "https://chat.example/,http://[::1]:8080", ("https://chat.example", "http://[::1]:8080")),
        ("cors_origins", "HTTP://Chat_1.example.:65535", ("HTTP://Chat_1.example.:65535",)),
        ("api_keys", "[]", ()),
        ("allowed_hosts", "[]", ()),
        ("allowed_hosts", "::1,fd00::7,10.0.0.7:80", ("::1", "fd00::7", "10.0.0.7:80")),
        (
            "allowed_hosts",
            "chat.example:8000,[::1]:80,xn--bcher-kva.example.,box_1",
            ("chat.example:8000", "[::1]:80", "xn--bcher-kva.example.", "box_1"),
        ),
        ("max_request_bytes", "1024", 1024),
        ("log_level", "debug", "DEBUG"),
        ("log_format", "json", "json"),
    ],
)
def test_a_setting_is_read_from_its_variable_and_its_flag(
    name: str, text: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_flag = read_settings({name: text})
    monkeypatch.setenv(variable_of(name), text)
    by_variable = read_settings()

    assert getattr(by_flag, name) == value
    assert by_flag == by_variable


def test_a_flag_beats_the_environment_which_beats_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / ".env").write_text("MOCHI_PORT=1\nMOCHI_LLM=demo\nMOCHI_LOG_LEVEL=ERROR\n")
    monkeypatch.setenv("MOCHI_PORT", "2")
    monkeypatch.setenv("MOCHI_LLM", "ollama")

    settings = read_settings({"port": "3"})

    assert (settings.port, settings.llm, settings.log_level) == (3, "ollama", "ERROR")


def test_an_empty_variable_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOCHI_HOST", "")

    assert read_settings().host == "127.0.0.1"


def test_relative_folders_lie_in_the_data_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder / "home"))

    settings = read_settings({"data_dir": "data", "sessions_dir": "~/chats"})

    assert settings.data_dir == folder / "data"
    assert settings.sessions_dir == folder / "home" / "chats"
    assert settings.system_prompts_dir == folder / "data" / "system_prompts"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("host", ""),
        ("port", "many"),
        ("port", "65536"),
        ("llm", "openai"),
        ("ollama_host", "ftp://example.com"),
        ("ollama_host", "http://"),
        ("ollama_host", "http://localhost:99999"),
        ("ollama_host", "http://localhost:0"),
        ("ollama_host", "http://bücher..example"),
        ("ollama_host", "http://b\u200bucher.example"),
        ("ollama_host", "http://me:secret@ollama.example"),
        ("ollama_host", "me:secret@ollama.example:99999"),
        ("ollama_timeout", "0"),
        ("ollama_timeout", "nan"),
        ("storage", "files"),
        ("database_url", "mysql://me:secret@db/mochi"),
        ("database_url", "postgresql+psycopg://me:secret@db/mochi"),
        ("database_url", "postgresql://me:secret@db:port/mochi"),
        ("database_url", "postgresql://me:secret@db/mochi?secret=1"),
        ("database_url", "sqlite://"),
        ("database_url", "sqlite:///:memory:"),
        ("database_url", "sqlite:///mochi.db?mode=secret"),
        ("database_url", "mochi.db"),
        ("redis_url", "redis://:secret@localhost"),
        ("data_dir", "~nobody-of-this-name/x"),
        ("dynamic_context_window_enabled", "perhaps"),
        ("summarization_enabled", "perhaps"),
        ("summary_unsupported_models", "[1]"),
        ("max_tool_rounds", "0"),
        ("api_keys", "[secret"),
        ("api_keys", '["secret", 1]'),
        ("api_keys", "a secret"),
        ("api_keys", ","),
        ("api_keys", " "),
        ("cors_origins", ", ,"),
        ("cors_origins", "chat.example"),
        ("cors_origins", "null"),
        ("cors_origins", '[""]'),
        ("cors_origins", "://chat.example"),
        ("cors_origins", "https://"),
        ("cors_origins", "https://*.chat.example"),
        ("cors_origins", "https://chat.example//"),
        ("cors_origins", "https://chat.example/path"),
        ("cors_origins", "https://chat.example?x=1"),
        ("cors_origins", "https://chat.example#x"),
        ("cors_origins", "https://me@chat.example"),
        ("cors_origins", "https://chat.example:"),
        ("cors_origins", "https://chat.example:65536"),
        ("cors_origins", "https://chat.example:0"),
        ("cors_origins", "https://::1"),
        ("cors_origins", "https://chat example"),
        ("cors_origins", "*,chat.example"),
        ("cors_origins", r'["a\nb"]'),
        ("allowed_hosts", "*"),
        ("allowed_hosts", "*.chat.example"),
        ("allowed_hosts", "https://chat.example"),
        ("allowed_hosts", "chat.example/"),
        ("allowed_hosts", "chat..example"),
        ("allowed_hosts", "chat.example:port"),
        ("allowed_hosts", "chat.example,10.0.0.0/8"),
        ("allowed_hosts", "10.0.0.256"),
        ("allowed_hosts", "[::x]"),
        ("allowed_hosts", "bücher.example"),
        ("allowed_hosts", "[1]"),
        ("max_request_bytes", "-1"),
        ("log_level", "loud"),
        ("log_format", "xml"),
    ],
)
def test_a_wrong_value_is_told_in_one_line_that_names_the_setting(name: str, text: str) -> None:
    with pytest.raises(WrongSetting) as raised:
        read_settings({name: text})

    line = str(raised.value)
    assert variable_of(name) in line
    assert flag_of(name) in line
    assert "\n" not in line
    assert "secret" not in line


def test_a_wrong_value_is_shown_wherever_it_came_from(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / ".env").write_text("MOCHI_PORT=from-file\n")
    with pytest.raises(WrongSetting, match="'from-file' for MOCHI_PORT"):
        read_settings()

    monkeypatch.setenv("MOCHI_PORT", "from-environment")
    with pytest.raises(WrongSetting, match="'from-environment' for MOCHI_PORT"):
        read_settings()


def test_what_is_not_built_yet_says_so() -> None:
    with pytest.raises(WrongSetting, match="not built yet"):
        read_settings({"redis_url": "redis://localhost"})


def test_a_database_file_lies_in_the_data_folder(folder: Path) -> None:
    settings = read_settings({"data_dir": "data", "database_url": "sqlite:///kept/chats.db"})

    assert settings.database_url == f"sqlite:///{folder}/data/kept/chats.db"


def test_an_env_file_that_is_no_text_is_told(folder: Path) -> None:
    (folder / ".env").write_bytes(b"MOCHI_PORT=\xff\xfe")

    with pytest.raises(WrongSetting, match=r"\.env cannot be read"):
        read_settings()


def test_unknown_variables_are_named_with_what_may_be_meant(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / ".env").write_text("MOCHI_STORAGES=json\nOTHER=1\n")
    monkeypatch.setenv("MOCHI_PROT", "1")
    monkeypatch.setenv("MOCHI_PORT", "1")

    first, second = unknown_variables()

    assert first.startswith("MOCHI_PROT ")
    assert "Is MOCHI_PORT meant?" in first
    assert second.startswith("MOCHI_STORAGES ")


def test_a_database_that_is_set_and_not_used_is_named(folder: Path) -> None:
    assert settings_without_effect(read_settings()) == []
    assert settings_without_effect(read_settings({"storage": "sql", "database_url": "sqlite:///a.db"})) == []

    (folder / ".env").write_text("MOCHI_DATABASE_URL=postgresql://me:secret@db/mochi\n")
    [line] = settings_without_effect(read_settings())

    assert line.startswith("MOCHI_DATABASE_URL is set and has no effect")
    assert "secret" not in line


def test_no_setting_is_suggested_that_only_looks_a_little_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MOCHI_CORS", "MOCHI_TEST", "MOCHI_TYPO"):
        monkeypatch.setenv(name, "1")

    lines = unknown_variables()

    assert len(lines) == 3
    assert not any("meant" in line for line in lines)


def test_keys_are_not_shown() -> None:
    given = {"api_keys": "secret", "database_url": "postgresql://me:secret@db/mochi"}
    assert "secret" not in repr(read_settings(given))


def test_settings_do_not_change() -> None:
    settings = Settings(port=0)

    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc]  # the very thing that must fail


def test_a_keyword_that_is_no_setting_is_no_open_door() -> None:
    with pytest.raises(TypeError, match="no setting of this server: api_key"):
        Settings(api_key=("secret",))


def test_every_setting_has_its_place_in_the_help() -> None:
    assert sorted(name for names in GROUPS.values() for name in names) == sorted(Settings.model_fields)


@pytest.mark.parametrize("path", ["chat_sessions", "agents", "agents/../agents", "./chat_sessions/"])
def test_the_agents_chats_have_a_folder_of_their_own(path: str) -> None:
    with pytest.raises(WrongSetting, match=r"MOCHI_AGENT_CHATS_DIR .*apart from"):
        read_settings({"agent_chats_dir": path})
