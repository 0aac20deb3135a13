"""System prompt files: what they may be called and hold (contract, section 10)."""

from dataclasses import dataclass

from domain.errors import ValidationFailed

MAX_PROMPT_CHARACTERS = 10_000
MAX_FILENAME_BYTES = 255
PREVIEW_CHARACTERS = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    filename: str
    content: str

    @property
    def preview(self) -> str:
        return self.content[:PREVIEW_CHARACTERS]

    @property
    def word_count(self) -> int:
        return len(self.content.split())


def require_prompt_filename(filename: str) -> None:
    """Raises ValidationFailed for a name that could lead out of the folder or is no `.md` file's."""
    broken_rule = _broken_filename_rule(filename)
    if broken_rule:
        raise ValidationFailed(f"The file name {broken_rule}.", field="filename")


def _broken_filename_rule(filename: str) -> str | None:
    if "/" in filename or "\\" in filename:
        return "must not hold a separator"
    if ".." in filename or filename.startswith("."):
        return "must not hold `..` or begin with a dot"
    if any(ord(character) < 32 or 0xD800 <= ord(character) <= 0xDFFF for character in filename):
        return "must not hold control characters or lone surrogates"
    if not filename.endswith(".md"):
        return "must end with `.md`"
    if len(filename.encode()) > MAX_FILENAME_BYTES:
        return f"must be at most {MAX_FILENAME_BYTES} bytes long"
    return None


def require_prompt_content(content: str) -> None:
    """Raises ValidationFailed for content that is blank or not under 10,000 characters."""
    if not content.strip():
        raise ValidationFailed("The prompt must not be blank.", field="content")
    if len(content) >= MAX_PROMPT_CHARACTERS:
        raise ValidationFailed(f"The prompt must be shorter than {MAX_PROMPT_CHARACTERS} characters.", field="content")
