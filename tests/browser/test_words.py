"""The page says what the text says."""

import re

from conftest import PAGES, shown, told


def assert_told(case: str, text: str) -> None:
    place = 0
    for line in told(case):
        found = text.find(line, place)
        assert found >= 0, f"{case}: not there, or not in its place: {line}"
        place = found + len(line)


def test_a_page_says_what_the_text_says_in_the_same_order(viewer):
    for case, page in viewer.each():
        page.evaluate("document.querySelectorAll('details').forEach((details) => (details.open = true))")
        assert_told(case, shown(page))


def test_nothing_needs_the_script(viewer):
    for case, page in viewer.each(java_script_enabled=False):
        assert_told(case, shown(page))
        assert not page.locator(".filter, .copy").filter(visible=True).count(), "what would do nothing is not shown"


def test_counts_are_those_of_the_text(viewer):
    for case, page in viewer.each():
        text = (PAGES / f"{case}.txt").read_text()
        line = re.search(r"^(?:Plan: |Nothing to do: .*? says\. )(.*)\.$", text, re.MULTILINE)
        tiles = [" ".join(tile.split()) for tile in page.locator(".counts li").all_inner_texts()]
        assert ", ".join(tiles) == line[1]


def test_rows_are_as_many_as_the_counts_say(viewer):
    for case, page in viewer.each():
        counts = {}
        for tile in page.locator(".counts li").all_inner_texts():
            count, what = tile.split(maxsplit=1)
            counts[what] = int(count)
        rows = page.locator(".rows > li").count()
        assert rows == sum(counts.values()), case


def test_markup_in_aws_is_text(viewer):
    page = viewer.open("markup-in-aws")
    page.wait_for_timeout(200)
    assert page.evaluate("window.hit") is None
    assert page.locator("img, iframe, object, .hit").count() == 0
    assert page.locator("script").count() == 1
    assert "</script><script>window.hit = 1</script>" in shown(page)
    assert "\"><img class='hit' src=x onerror=window.hit=2>" in shown(page)


def test_markup_in_images_is_text(viewer):
    page = viewer.open("images-markup")
    page.wait_for_timeout(200)
    assert page.evaluate("window.hit") is None
    assert page.locator("img, iframe, object, .hit").count() == 0
    assert page.locator("script").count() == 1
    for text in ["</script><script>window.hit = 6</script>", "</dd></dl><svg onload=window.hit=7>", "linux/</dd><img class='hit' src=x onerror=window.hit=5>"]:
        assert text in shown(page)


def test_what_is_refused_is_told_before_all_changes(viewer):
    page = viewer.open("images-refused")
    assert page.locator(".changes h3").all_inner_texts()[:2] == ["Images refused by their gates", "Blocked: nothing can be applied before this is resolved (all: the spec changed)"]
    refused = page.locator(".images > ul > li.blocked")
    assert refused.count() == 2
    assert refused.first.locator(".findings tr").count() == 12, "of 14 findings, two of one gate and ten of another"
    assert page.locator("dl").count() == 3


def test_the_browser_would_run_no_other_script(viewer):
    page = viewer.open("nothing-to-do")
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.hit = 1' }))")
    page.evaluate("document.body.append(Object.assign(document.createElement('img'), { src: 'https://example.invalid/' }))")
    assert page.evaluate("window.hit") is None

    def refused() -> list[str]:
        return [note for note in viewer.noted if "Content Security Policy" in note]

    # The browser says so when it has the time.
    for _ in range(300):
        page.wait_for_timeout(100)
        if len(refused()) >= 2:
            break
    assert len(refused()) == 2, viewer.noted
    viewer.noted.clear()
