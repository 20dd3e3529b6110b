"""A browser, and pages in it that must do nothing but be there."""

import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

PAGES = Path(os.environ["PAGES"])
CASES = sorted(page.stem for page in PAGES.glob("*.html"))


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        # Root has no sandbox, and in containers everybody is root.
        browser = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Viewer:
    """Opens plans, and notes whatever a page does beside being there."""

    browser: Browser
    noted: list[str] = field(default_factory=list)
    page_of_plan: str = ""

    def each(self, **options):
        """All plans, one after the other in the same window."""
        page = self.open(CASES[0], **options)
        for case in CASES:
            self.turn(page, case)
            yield case, page
        page.context.close()

    def open(self, case: str, *, width: int = 1200, fragment: str = "", permissions: tuple[str, ...] = (), **options) -> Page:
        context = self.browser.new_context(viewport={"width": width, "height": 800}, **options)
        context.grant_permissions(list(permissions))
        page = context.new_page()
        page.on("console", lambda message: self.noted.append(f"{page.url}: {message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.noted.append(f"{page.url}: {error}"))
        page.on("dialog", lambda dialog: self.noted.append(f"{page.url}: {dialog.message}"))
        page.on("request", self.asked)
        self.turn(page, case, fragment)
        return page

    def turn(self, page: Page, case: str, fragment: str = "") -> None:
        self.page_of_plan = (PAGES / f"{case}.html").as_uri()
        page.goto(self.page_of_plan + fragment)

    def asked(self, request) -> None:
        if request.url.split("#")[0] not in (self.page_of_plan, "data:,"):
            self.noted.append(f"{self.page_of_plan}: fetched {request.url}")


@pytest.fixture
def viewer(browser):
    viewer = Viewer(browser)
    yield viewer
    for context in browser.contexts:
        context.close()
    assert viewer.noted == []


def told(case: str) -> list[str]:
    """The lines of a plan's text, each with single spaces; without what the text repeats for those who scroll."""
    blocks = (PAGES / f"{case}.txt").read_text().split("\n\n")
    blocks = [block for block in blocks if not block.startswith("Once more")]
    return [" ".join(line.split()) for block in blocks for line in block.splitlines() if line.strip()]


def shown(page: Page) -> str:
    """What people see of a page, with single spaces."""
    return " ".join(page.inner_text("body").split())
