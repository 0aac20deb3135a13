from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from domain.markdown import markdown_of
from domain.session import Summary
from tests.unit.histories import assistant, call, result, session, system, user


def test_a_conversation_reads_from_top_to_bottom() -> None:
    held = replace(
        session(
            system("Be brief.", source_file="brief.md"),
            user("Will it rain?", images=("cGlj",)),
            replace(assistant("Let me look."), thinking="Hm.\nOslo.", tool_calls=(call("x"),)),
            result("x", "yes"),
            replace(assistant("It wi"), done_reason="cancelled"),
        ),
        summary=Summary(summary="Rain in Oslo.", topics=("weather", "Oslo")),
    )

    assert markdown_of(held) == (
        "# Conversation 00000000ff\n\n"
        "- Model: llama\n- Created: 2026-01-02 03:04:05 UTC\n- Updated: 2026-01-02 03:04:05 UTC\n- Messages: 5\n\n"
        "## Summary\n\nRain in Oslo.\n\nTopics: weather, Oslo\n\n"
        "## System prompt from brief.md (2026-01-02 03:04:05 UTC)\n\nBe brief.\n\n"
        "## User (2026-01-02 03:04:05 UTC)\n\nWill it rain?\n\n*Pictures: 1*\n\n"
        "## Assistant, llama (2026-01-02 03:04:05 UTC)\n\n"
        "**Thinking**\n\n> Hm.\n> Oslo.\n\nLet me look.\n\n"
        '**Calls weather**\n\n```json\n{\n  "city": "Oslo"\n}\n```\n\n'
        "## Result of weather (2026-01-02 03:04:05 UTC)\n\n```\nyes\n```\n\n"
        "## Assistant, llama (2026-01-02 03:04:05 UTC)\n\nIt wi\n\n*Ended early: cancelled*\n"
    )


def test_an_empty_session_has_a_heading() -> None:
    assert markdown_of(session()).startswith("# Conversation 00000000ff\n\n- Model: llama\n")


@given(st.text(alphabet="`a\n", max_size=30))
def test_no_result_ends_its_own_code_block(content: str) -> None:
    block = markdown_of(session(result("x", content))).split("UTC)\n\n", 1)[1].removesuffix("\n")

    fence = block.split("\n", 1)[0]
    assert set(fence) == {"`"}
    assert block == f"{fence}\n{content}\n{fence}"
    assert fence not in content
