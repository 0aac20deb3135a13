"""The agent `researcher` finds facts in its sources, and works with them."""

from adapters.python_tools.toolbox import PythonToolbox
from tests.examples.agents import answer, complaint


async def test_a_question_of_its_sources_can_be_answered(toolbox: PythonToolbox) -> None:
    found = (await answer(toolbox, "researcher.search_sources", words="How long is a year on Mars?")).splitlines()

    assert any(line.startswith("planets, line") and "686.98" in line for line in found)
    assert "| year, days" in await answer(toolbox, "researcher.read_source", name="planets")
    assert await answer(toolbox, "researcher.calculate", expression="round(686.98 / 365.26, 2)") == "1.88"


async def test_spans_of_time_are_told(toolbox: PythonToolbox) -> None:
    found = (await answer(toolbox, "researcher.search_sources", words="Apollo 11 landing")).splitlines()

    assert "1969-07-20" in found[0] + found[1]
    assert (
        await answer(toolbox, "researcher.time_between", start="1969-07-20", end="1972-12-11") == "1240 days, 0:00:00"
    )


async def test_what_most_words_fit_comes_first(toolbox: PythonToolbox) -> None:
    found = await answer(toolbox, "researcher.search_sources", words="distance Moon Earth")

    assert found.startswith("moon, line")
    assert "384400" in found.splitlines()[0]


async def test_a_search_that_finds_nothing_names_the_sources(toolbox: PythonToolbox) -> None:
    for words in ("xylophone", "__"):
        assert "moon, planets" in (await toolbox.call("researcher.search_sources", {"words": words})).text


async def test_only_a_source_that_there_is_can_be_read(toolbox: PythonToolbox) -> None:
    for name in ("", "../SKILL", "planets.md", "/etc/passwd", "nothing"):
        assert "The sources are: moon, planets." in await complaint(toolbox, "researcher.read_source", name=name)
