"""What people write into `mcp_servers.json`."""

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.mcp_tools.config import Config, read_config
from adapters.mcp_tools.entries import Entry, HttpEntry, StdioEntry


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mcp_servers.json"


def read(file: Path, entry: object, name: str = "it") -> Config:
    file.write_text(json.dumps({"mcpServers": {name: entry}}))
    return read_config(file)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ({"command": "uvx"}, StdioEntry(command="uvx")),
        (
            {"command": "npx", "args": ["-y", "x"], "env": {"A": "b"}, "type": "stdio", "autoApprove": ["x"]},
            StdioEntry(command="npx", args=("-y", "x"), env={"A": "b"}),
        ),
        ({"url": "https://example.com/mcp"}, HttpEntry(url="https://example.com/mcp")),
        ({"type": "streamable-http", "url": "http://[::1]:1/"}, HttpEntry(url="http://[::1]:1/")),
        ({"transport": "streamableHttp", "url": "http://h"}, HttpEntry(url="http://h")),
        ({"type": "http", "url": "http://h", "headers": {"A": "b\n"}}, HttpEntry(url="http://h", headers={"A": "b"})),
    ],
)
def test_forms_that_other_clients_know(file: Path, written: dict[str, Any], meant: Entry) -> None:
    assert read(file, written) == Config(entries={"it": meant})


def test_a_working_folder_counts_from_the_file(file: Path) -> None:
    entry = read(file, {"command": "x", "cwd": "tools"}).entries["it"]
    assert isinstance(entry, StdioEntry)
    assert entry.cwd == file.parent / "tools"


def test_disabled_servers_are_left_out(file: Path) -> None:
    assert read(file, {"command": 5, "disabled": True}) == Config()


def test_variables(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "secret")
    monkeypatch.delenv("NONE", raising=False)
    written = {"url": "http://h/${KEY}", "headers": {"A": "Bearer ${KEY}", "B": "${env:KEY} ${NONE:-x} $KEY ${1}"}}
    meant = HttpEntry(url="http://h/secret", headers={"A": "Bearer secret", "B": "secret x $KEY ${1}"})
    assert read(file, written).entries == {"it": meant}
    (error,) = read(file, {"command": "x", "args": ["${NONE}"]}).errors
    assert (error.source, error.error) == ("mcp:it", "The environment variable NONE is not set.")


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("x", "must be an object"),
        ({}, "either a `command` (stdio) or a `url`"),
        ({"command": "x", "url": "http://h"}, "either a `command` (stdio) or a `url`"),
        ({"command": ["x"]}, "`command` must be a string"),
        ({"command": " "}, "`command` must not be empty"),
        ({"command": "x", "args": "y"}, "`args` must be a list of strings"),
        ({"command": "x", "args": [1]}, "`args[0]` must be a string"),
        ({"command": "x", "env": {"PORT": 1}}, "`env.PORT` must be a string"),
        ({"command": "x\0"}, "`command` must be a string"),
        ({"type": "http"}, "`url` must be a string"),
        ({"url": "ftp://h"}, "`url` must be an address"),
        ({"url": "http://h:x"}, "`url` must be an address"),
        ({"url": "http://h", "headers": ["a"]}, "`headers` must be an object of strings"),
        ({"url": "http://h", "headers": {"A": "ä"}}, "`headers.A` must be one line of ASCII"),
        ({"url": "http://h", "headers": {"A": "b\nC: d"}}, "`headers.A` must be one line of ASCII"),
        ({"url": "http://h", "headers": {"A:": "b"}}, "`headers.A:` must be one line of ASCII"),
        ({"type": "sse", "url": "http://h"}, 'The transport "sse" is not supported: use `stdio` or `http`'),
        ({"type": 5, "url": "http://h"}, "The transport 5 is not supported"),
    ],
)
def test_what_is_wrong_names_its_server(file: Path, written: object, words: str) -> None:
    config = read(file, written)
    (error,) = config.errors
    assert error.source == "mcp:it"
    assert words in error.error
    assert config.entries == {}


def test_names_that_cannot_be(file: Path) -> None:
    (error,) = read(file, {"command": "x"}, "my \ud800 server").errors
    assert error.source == "mcp:my \ufffd server"
    assert "Rename it" in error.error


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (b'{"mcpServers": {\n"a" 5}}', "The file is no JSON: Expecting ':' delimiter, in line 2, column 5."),
        (b"[" * 100_000, "The file is no JSON in UTF-8."),
        (b"\xff", "The file is no JSON in UTF-8."),
        (b"[]", "must hold an object"),
        (b'{"servers": {}}', "must hold an object"),
    ],
)
def test_what_is_wrong_with_the_whole_file(file: Path, written: bytes, words: str) -> None:
    file.write_bytes(written)
    (error,) = read_config(file).errors
    assert error.source == "mcp_servers.json"
    assert words in error.error


def test_a_file_that_is_none(file: Path) -> None:
    assert read_config(file) == Config()
    file.mkdir()
    (error,) = read_config(file).errors
    assert error.error == "The file cannot be read: Is a directory."
    assert str(file.parent) not in error.error


def test_a_byte_order_mark_is_no_error(file: Path) -> None:
    file.write_bytes(b'\xef\xbb\xbf{"mcpServers": {}}')
    assert read_config(file) == Config()
