"""A page of a stranger's, in a real browser, tries what such pages try; the server's files stay as they are."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.browser.chromium import STRANGER, Chromium
from tests.browser.page import Page
from tests.http.canary import canary_server
from tests.http.requests_of import KEPT

PAGE = "<!doctype html><title>Win a prize</title><body>"
ATTEMPTS = """
const tries = {
  json: {method: "POST", headers: {"Content-Type": "application/json"}, body: '{"model": "demo"}'},
  text: {method: "POST", headers: {"Content-Type": "text/plain"}, body: '{"model": "demo"}'},
  blind: {method: "POST", mode: "no-cors", body: '{"model": "demo"}'},
  form: {method: "POST", mode: "no-cors", body: new URLSearchParams({model: "demo"})},
  remove: {method: "DELETE"},
  read: {},
};
const paths = {remove: "/api/v1/sessions/SESSION"};
(async () => {
  const told = {};
  for (const [name, options] of Object.entries(tries)) {
    try {
      const answer = await fetch("SERVER" + (paths[name] ?? "/api/v1/sessions"), options);
      told[name] = answer.type === "opaque" ? "" : await answer.text();
    } catch {
      told[name] = "";
    }
  }
  return told;
})()
"""
FORM = """
const form = document.body.appendChild(document.createElement("form"));
Object.assign(form, {action: "SERVER/api/v1/tools/reload", method: "POST", enctype: "text/plain"});
form.submit();
"""


@asynccontextmanager
async def strangers_site() -> AsyncIterator[str]:
    async def show(_request: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html")

    app = web.Application()
    app.router.add_get("/", show)
    async with TestServer(app, host="127.0.0.1") as server:
        yield f"http://{STRANGER}:{server.port}/"


async def test_a_strangers_page_reads_nothing_and_changes_nothing(browser: Chromium, tmp_path: Path) -> None:
    async with canary_server(tmp_path / "data") as (port, canary), strangers_site() as site:
        for server, refusal in (
            (f"http://127.0.0.1:{port}", "FORBIDDEN"),
            (f"http://{STRANGER}:{port}", "HOST_NOT_ALLOWED"),
        ):
            page = await Page.opened(browser, site)
            told = await page.run(ATTEMPTS.replace("SERVER", server).replace("SESSION", KEPT.session_id))
            assert set(told.values()) == {""}
            await page.run(FORM.replace("SERVER", server))
            await page.until(f"document.body.innerText.includes({refusal!r})")
        bent = await Page.opened(browser, f"http://{STRANGER}:{port}/docs")
        assert "HOST_NOT_ALLOWED" in await bent.text()
        assert canary.changes() == []
