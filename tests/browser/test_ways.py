"""Ways to find things: links between rows and drawing, the filter, the keyboard, what is copied."""

import pytest
from playwright.sync_api import expect

from conftest import PAGES


def test_every_link_leads_somewhere(viewer):
    for case, page in viewer.each():
        lost = page.evaluate(
            """[...document.querySelectorAll('a')].map((link) => link.getAttribute('href'))
               .filter((href) => !href.startsWith('#') || !document.getElementById(href.slice(1)))"""
        )
        assert lost == [], case


def test_whatever_changes_is_drawn(viewer):
    """All but what belongs to nothing that is drawn; the rows say which that is by having no link."""
    page = viewer.open("network-cidr")
    assert page.locator(".fate:not([data-fate=unchanged]) .address").count() == page.locator(".fate:not([data-fate=unchanged]) .address a").count()


def lit(locator):
    """The page hears of a link that was followed a moment after the click."""
    expect(locator).to_contain_class("lit")
    return locator


def in_view(locator) -> bool:
    box = locator.bounding_box()
    return box is not None and box["y"] >= 0 and box["y"] + min(box["height"], 400) <= 800


def test_the_drawing_leads_to_rows_and_rows_lead_back(viewer):
    page = viewer.open("database-class", reduced_motion="reduce")
    page.locator("#database\\.main\\.instance summary").click()
    assert page.locator("#database\\.main\\.instance details[open]").count() == 0
    page.locator("svg a", has_text="database main").click()
    row = lit(page.locator("#database\\.main\\.instance"))
    assert in_view(row)
    assert row.locator("details[open]").count() == 1, "what a link leads to is opened"
    assert page.evaluate("document.activeElement.id") == "database.main.instance"

    row.locator(".address a").click()
    node = lit(page.locator("svg .node", has_text="database main"))
    assert page.locator("svg .node.lit").count() == 1 and in_view(node)
    page.go_back()
    lit(row)


def test_what_stays_has_its_place_too(viewer):
    page = viewer.open("database-class", reduced_motion="reduce")
    page.locator("svg a", has_text="repository web").click()
    assert lit(page.locator("#repository\\.web")).is_visible()


def test_an_address_in_the_bar_opens_its_row(viewer):
    page = viewer.open("database-class", fragment="#repository.web")
    assert lit(page.locator("#repository\\.web")).is_visible()


def test_the_keyboard_is_enough(viewer):
    page = viewer.open("database-class", reduced_motion="reduce")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('aria-label') ?? ''").startswith("database main"):
            break
    else:
        pytest.fail("the keyboard does not reach the database")
    page.keyboard.press("Enter")
    expect(lit(page.locator("#database\\.main\\.instance"))).to_be_focused()
    page.keyboard.press("/")
    page.keyboard.type("subnet")
    assert page.locator("#database\\.main\\.instance").is_hidden() and page.locator("#network\\.subnet\\.private-a").is_visible()
    page.keyboard.press("Escape")
    assert page.locator("#database\\.main\\.instance").is_visible() and page.locator(".filter output").inner_text() == ""


def test_who_types_keeps_the_cursor(viewer):
    """A browser says that a link was followed only when nothing is more urgent, and keys are."""
    page = viewer.open("database-class", fragment="#database.main.instance")
    expect(lit(page.locator("#database\\.main\\.instance"))).to_be_focused()
    page.keyboard.press("/")
    page.evaluate("dispatchEvent(new Event('hashchange'))")
    expect(page.locator(".filter input")).to_be_focused()


def test_the_filter_finds_rows_by_text_and_fate(viewer):
    page = viewer.open("network-cidr")
    rows = page.locator(".rows > li")
    visible = rows.filter(visible=True)
    all_rows, before = rows.count(), visible.count()
    page.locator("input").fill("SUBNET private-b")
    wanted = [row for row in rows.all() if "subnet" in row.text_content() and "private-b" in row.text_content()]
    assert 0 < visible.count() == len(wanted) < before
    assert page.locator(".filter output").inner_text() == f"{len(wanted)} of {all_rows} shown"
    page.locator("input").fill("no such thing")
    assert visible.count() == 0 and page.locator(".fate").filter(visible=True).count() == 0
    page.locator("input").fill("")
    assert visible.count() == before

    page.get_by_role("button", name="To be replaced").click()
    assert page.locator("[data-fate=destroyed].fate").is_hidden() and page.locator("[data-fate=updated].fate").is_visible()
    page.locator("svg a", has_text="NAT gateway").click()
    assert lit(page.locator("#network\\.elastic_ip\\.a")).is_visible(), "a link is stronger than the filter"


def test_rows_fold(viewer):
    page = viewer.open("network-cidr")
    page.get_by_role("button", name="Fold all").click()
    assert page.locator(".differences").filter(visible=True).count() == 0
    page.get_by_role("button", name="Open all").click()
    assert page.locator(".differences").filter(visible=True).count() > 20


def test_the_command_is_copied(viewer):
    page = viewer.open("destroy", permissions=("clipboard-read", "clipboard-write"))
    # The button says it for two seconds, which only pass here when the test lets them.
    page.clock.install(time=0)
    page.clock.pause_at(3600)
    page.get_by_role("button", name="Copy").click()
    page.get_by_role("button", name="Copied").wait_for()
    plan_id = (PAGES / "destroy.txt").read_text().rsplit("Plan id: ", 1)[1].strip()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == f"infra destroy --env dev --approve {plan_id} --allow data-loss"
    page.clock.run_for(2000)
    page.get_by_role("button", name="Copy", exact=True).wait_for()


def test_what_is_blocked_has_no_command(viewer):
    page = viewer.open("network-cidr")
    assert page.locator("h1").inner_text() == "Blocked"
    assert page.locator(".command").count() == 0
