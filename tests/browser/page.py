"""A page in the browser, as a person has it before them."""

import asyncio

from tests.browser.chromium import PATIENCE, Chromium, Json


class Page:
    def __init__(self, browser: Chromium, session: str) -> None:
        self._browser = browser
        self._session = session

    @classmethod
    async def opened(cls, browser: Chromium, url: str) -> "Page":
        target = await browser.ask("Target.createTarget", url="about:blank")
        attached = await browser.ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        page = cls(browser, attached["sessionId"])
        for domain in ("Page", "Network", "Runtime", "Log"):
            await page._ask(f"{domain}.enable")
        await page._ask("Target.setAutoAttach", autoAttach=True, waitForDebuggerOnStart=True, flatten=True)
        await page._ask("Page.navigate", url=url)
        await browser.until("Page.loadEventFired", page._session)
        return page

    async def run(self, script: str) -> Json:
        """What the expression `script` gives, awaited."""
        answer = await self._ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, (script, answer)
        return answer["result"].get("value")

    async def until(self, script: str) -> Json:
        """What the expression gives once it is true of the page."""
        async with asyncio.timeout(PATIENCE):
            while not (value := await self.run(script)):  # noqa: ASYNC110 - a page tells nobody of what it shows
                await asyncio.sleep(0.05)
        return value

    async def text(self) -> str:
        text: str = await self.run("document.body.innerText")
        return text

    async def click(self, selector: str) -> None:
        await self._until_there(selector)
        await self.run(f"document.querySelector({selector!r}).click()")

    async def type(self, selector: str, text: str) -> None:
        await self._until_there(selector)
        await self.run(f"document.querySelector({selector!r}).focus()")
        await self._ask("Input.insertText", text=text)

    async def _until_there(self, selector: str) -> None:
        await self.until(f"document.querySelector({selector!r}) !== null")

    async def open(self, operation: str) -> None:
        """Unfold an operation of Swagger UI, if it is not yet."""
        await self._until_there(operation)
        await self.run(
            f"document.querySelector({operation + ':not(.is-open) button.opblock-summary-control'!r})?.click()"
        )
        await self._until_there(f"{operation}.is-open")

    async def replace(self, selector: str, text: str) -> None:
        await self._until_there(selector)
        await self.run(f"document.querySelector({selector!r}).select()")
        await self.type(selector, text)

    def forget(self) -> None:
        """Look only at what comes from now on."""
        self._browser.heard.clear()

    def requested(self) -> list[str]:
        """The addresses that the page and its workers asked for."""
        return [told["params"]["request"]["url"] for told in self._heard("Network.requestWillBeSent")]

    def fetched(self) -> list[str]:
        """The addresses whose answers came from the server and not from the browser's cache."""
        cached = {told["params"]["requestId"] for told in self._heard("Network.requestServedFromCache")}
        answers = [told["params"] for told in self._heard("Network.responseReceived")]
        return [
            each["response"]["url"]
            for each in answers
            if each["requestId"] not in cached and not each["response"]["fromDiskCache"]
        ]

    def complaints(self) -> list[Json]:
        """What a person would find in the console: faults, refusals of the policy, and warnings."""
        faults = [told["params"]["exceptionDetails"] for told in self._heard("Runtime.exceptionThrown")]
        entries = [told["params"]["entry"] for told in self._heard("Log.entryAdded")]
        said = [told["params"] for told in self._heard("Runtime.consoleAPICalled")]
        return [
            *faults,
            *(entry for entry in entries if entry["level"] in {"error", "warning"}),
            *(call for call in said if call["type"] in {"error", "warning", "assert"}),
        ]

    def _heard(self, method: str) -> list[Json]:
        return [told for told in self._browser.heard if told["method"] == method]

    async def _ask(self, method: str, **params: Json) -> Json:
        return await self._browser.ask(method, self._session, **params)
