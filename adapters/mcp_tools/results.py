"""What a server gave back, as a text for the model."""

from mcp_types import (
    AudioContent,
    BlobResourceContents,
    CallToolResult,
    ContentBlock,
    EmbeddedResource,
    ImageContent,
    TextContent,
    TextResourceContents,
)

from adapters.codec.json_text import clean_text, render
from domain.tool import ToolOutcome, cut_result


def outcome_of(result: CallToolResult) -> ToolOutcome:
    text = _text_of(result)
    if result.is_error:
        words = text.strip() or "The tool failed and did not say why."
        return ToolOutcome(text=clean_text(cut_result(words)), error_code="TOOL_EXECUTION_FAILED")
    return ToolOutcome(text=clean_text(cut_result(text)))


def _text_of(result: CallToolResult) -> str:
    """Structured content says again what the text says, so it counts only where there is no text."""
    pieces = [_described(block) for block in result.content]
    if result.structured_content is not None and not any(isinstance(block, TextContent) for block in result.content):
        pieces.append(render(result.structured_content).decode())
    return "\n".join(pieces)


def _described(block: ContentBlock) -> str:
    if isinstance(block, TextContent):
        return block.text
    if isinstance(block, ImageContent | AudioContent):
        return f"[{block.type} {block.mime_type}, {_bytes_in(block.data)} bytes]"
    if isinstance(block, EmbeddedResource):
        return _resource(block.resource)
    return f"[resource {block.uri}: {block.description or block.title or block.name}]"


def _resource(resource: TextResourceContents | BlobResourceContents) -> str:
    if isinstance(resource, TextResourceContents):
        return resource.text
    return f"[resource {resource.uri} {resource.mime_type or 'of unknown type'}, {_bytes_in(resource.blob)} bytes]"


def _bytes_in(base64: str) -> int:
    return len(base64.rstrip("=")) * 3 // 4
