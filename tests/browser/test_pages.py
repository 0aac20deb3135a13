"""Swagger UI and ReDoc in a browser: they load nothing from elsewhere, complain of nothing, and work."""

from pathlib import Path

import pytest

from tests.browser.chromium import Chromium
from tests.browser.page import Page
from tests.browser.servers import demo_server

KEY = "a-key"
PROGRAMS = ("/swagger-ui-5.35.0.js", "/redoc-2.5.4.js")
OPERATION = "#operations-{tag}-{name}"


def stays_here(page: Page, url: str) -> bool:
    return all(address.startswith((f"{url}/", "data:", f"blob:{url}/")) for address in page.requested())


async def test_swagger_ui_tries_a_route_with_a_key_that_is_given_to_it(browser: Chromium, tmp_path: Path) -> None:
    async with demo_server(tmp_path, api_keys=(KEY,)) as url:
        page = await Page.opened(browser, f"{url}/docs")
        assert await page.until("document.querySelector('.info .title')?.innerText.startsWith('mochi-server')")
        assert stays_here(page, url)
        assert page.complaints() == []

        assert await answer_of(page, "models", "list_models") == "401"
        page.forget()

        await page.click("button.authorize")
        await page.type(".auth-container input", KEY)
        await page.click(".auth-btn-wrapper button.authorize")
        await page.click(".auth-btn-wrapper button.btn-done")
        assert await answer_of(page, "models", "list_models") == "200"
        assert '"name": "demo"' in await page.text()

        await page.open(OPERATION.format(tag="sessions", name="create_session"))
        await page.replace(f"{OPERATION.format(tag='sessions', name='create_session')} textarea", '{"model": "demo"}')
        assert await answer_of(page, "sessions", "create_session") == "201"
        assert stays_here(page, url)
        assert page.complaints() == []


async def answer_of(page: Page, tag: str, name: str) -> str:
    """The status that Swagger UI shows after the operation was executed."""
    operation = OPERATION.format(tag=tag, name=name)
    await page.open(operation)
    await page.run(f"document.querySelector({operation + ' button.btn-clear'!r})?.click()")
    await page.click(f"{operation} button.execute")
    status = f"{operation} .live-responses-table tbody .response-col_status"
    text: str = await page.until(f"document.querySelector({status!r})?.innerText")
    return text.split(maxsplit=1)[0]


async def test_redoc_shows_and_finds_a_route(browser: Chromium, tmp_path: Path) -> None:
    async with demo_server(tmp_path, api_keys=(KEY,)) as url:
        page = await Page.opened(browser, f"{url}/redoc")
        await page.until("document.querySelector('h1')?.innerText.startsWith('mochi-server')")
        assert "Ask, and read the answer as it is written" in await page.run("document.body.textContent")
        await page.type("input[type=text]", "fork")
        await page.until(
            "document.querySelector('[data-role=\"search:results\"]')?.innerText.includes('Fork a session')"
        )
        assert stays_here(page, url)
        assert page.complaints() == []


HARMFUL = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
TOOL = f'''def shout(text: str) -> str:
    """{HARMFUL.replace('"', "'")}

    Args:
        text: {HARMFUL.replace('"', "'")}
    """
    return text
'''


async def test_markup_of_a_tool_or_a_session_is_shown_and_does_nothing(browser: Chromium, tmp_path: Path) -> None:
    folder = tmp_path / "tools"
    folder.mkdir()
    (folder / "shout.py").write_text(TOOL)
    async with demo_server(tmp_path) as url:
        page = await Page.opened(browser, f"{url}/docs")
        assert await answer_of(page, "tools", "list_tools") == "200"
        assert "onerror=" in await page.text()
        title = await page.run("document.title")
        assert title != "owned"
        assert await page.run("document.querySelectorAll('#page img[src=x], #page script').length") == 0
        assert stays_here(page, url)
        assert page.complaints() == []

        for path in (f"{url}/api/v1/tools", f"{url}/api/v1/sessions/{await session_with(page, HARMFUL)}/messages"):
            shown = await Page.opened(browser, path)
            assert "onerror=" in await shown.text()
            assert await shown.run("document.title") != "owned"


async def session_with(page: Page, text: str) -> str:
    """The id of a new session with this text in it, made by a request from the page."""
    made: str = await page.run(
        "fetch('/api/v1/sessions', {method: 'POST', headers: {'Content-Type': 'application/json'}, "
        f"body: JSON.stringify({{model: 'demo', system_prompt: {text!r}}})}})"
        ".then((answer) => answer.json()).then((session) => session.session_id)"
    )
    return made


@pytest.mark.parametrize("page_path", ["/docs", "/redoc"])
async def test_a_second_visit_loads_no_program_again(browser: Chromium, tmp_path: Path, page_path: str) -> None:
    async with demo_server(tmp_path) as url:
        await Page.opened(browser, f"{url}{page_path}")
        page = await Page.opened(browser, f"{url}{page_path}")
        assert len([address for address in page.requested() if address.endswith(PROGRAMS)]) == 2
        assert len([address for address in page.fetched() if address.endswith(PROGRAMS)]) == 1
