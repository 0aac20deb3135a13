import pytest

from domain.errors import ValidationFailed
from domain.prompt import Prompt, require_prompt_content, require_prompt_filename


@pytest.mark.parametrize(
    "filename", ["a.md", "Long name, with spaces.md", "prompt.v2.md", "提示.md", "a:b.md", "x" * 252 + ".md"]
)
def test_names_of_prompt_files(filename: str) -> None:
    require_prompt_filename(filename)


@pytest.mark.parametrize(
    "filename",
    [
        "",
        ".md",
        ".hidden.md",
        "a.txt",
        "a.MD",
        "a",
        "md",
        "../a.md",
        "a/b.md",
        "a\\b.md",
        "a..md",
        "a\0.md",
        "a\n.md",
        "\ud800.md",
        "x" * 253 + ".md",
        "é" * 127 + ".md",
    ],
)
def test_names_that_lead_out_of_the_folder_or_are_no_prompts(filename: str) -> None:
    with pytest.raises(ValidationFailed) as raised:
        require_prompt_filename(filename)

    assert raised.value.details == {"field": "filename"}


@pytest.mark.parametrize("content", ["x", " x\n", "x" * 9_999])
def test_contents(content: str) -> None:
    require_prompt_content(content)


@pytest.mark.parametrize("content", ["", " \n\t\u3000", "x" * 10_000])
def test_contents_that_are_blank_or_too_long(content: str) -> None:
    with pytest.raises(ValidationFailed) as raised:
        require_prompt_content(content)

    assert raised.value.details == {"field": "content"}


def test_a_list_shows_the_beginning_and_the_number_of_words() -> None:
    prompt = Prompt(filename="a.md", content="word " * 100)

    assert prompt.preview == "word " * 50
    assert prompt.word_count == 100
