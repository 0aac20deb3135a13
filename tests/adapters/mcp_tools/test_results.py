"""What came back, as text."""

import pytest
from mcp_types import (
    AudioContent,
    BlobResourceContents,
    CallToolResult,
    ContentBlock,
    EmbeddedResource,
    ResourceLink,
    TextContent,
    TextResourceContents,
)

from adapters.mcp_tools.results import outcome_of

TEXT = TextContent(text="words")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ([], ""),
        ([TEXT, TextContent(text="more")], "words\nmore"),
        ([AudioContent(data="AAAA", mime_type="audio/wav")], "[audio audio/wav, 3 bytes]"),
        ([EmbeddedResource(resource=TextResourceContents(uri="file:///a", text="inside"))], "inside"),
        (
            [EmbeddedResource(resource=BlobResourceContents(uri="file:///a", mime_type="image/gif", blob="AAA="))],
            "[resource file:///a image/gif, 2 bytes]",
        ),
        (
            [EmbeddedResource(resource=BlobResourceContents(uri="file:///a", blob=""))],
            "[resource file:///a of unknown type, 0 bytes]",
        ),
        ([ResourceLink(uri="file:///a", name="a.txt", description="A file.")], "[resource file:///a: A file.]"),
        ([ResourceLink(uri="file:///a", name="a.txt")], "[resource file:///a: a.txt]"),
    ],
)
def test_content_is_described(content: list[ContentBlock], text: str) -> None:
    outcome = outcome_of(CallToolResult(content=content))
    assert (outcome.text, outcome.success) == (text, True)


def test_structured_content_counts_where_there_is_no_text() -> None:
    structured = {"a": [1, None]}
    assert outcome_of(CallToolResult(content=[TEXT], structured_content=structured)).text == "words"
    assert outcome_of(CallToolResult(content=[], structured_content=structured)).text == '{"a":[1,null]}'


def test_errors() -> None:
    assert outcome_of(CallToolResult(content=[TEXT], is_error=True)).error_code == "TOOL_EXECUTION_FAILED"
    silent = outcome_of(CallToolResult(content=[], is_error=True))
    assert silent.text == "The tool failed and did not say why."
