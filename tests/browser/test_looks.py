"""How pages look: on a phone, in the dark, on paper."""

import pytest

# The contrast of every text with what lies behind it. Colours can have any notation, so a canvas reads them.
CONTRASTS = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const over = (colours) => {
    canvas.clearRect(0, 0, 1, 1);
    for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (colour) => {
    const [r, g, b] = colour.map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    const grounds = [];
    const rect = element.closest('.node')?.querySelector('rect');
    if (rect && getComputedStyle(rect).fill !== 'none') grounds.push(getComputedStyle(rect).fill);
    for (let at = element; at; at = at.parentElement) grounds.push(getComputedStyle(at).backgroundColor);
    return grounds.reverse();
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility() || element.closest('script, title')) continue;
    const style = getComputedStyle(element);
    const ground = behind(element);
    const text = light(over([...ground, element.closest('svg') ? style.fill : style.color]));
    const paper = light(over(ground));
    const contrast = (Math.max(text, paper) + 0.05) / (Math.min(text, paper) + 0.05);
    found.push([contrast, walker.currentNode.data.trim()]);
  }
  return found;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(viewer, scheme):
    grounds = set()
    for case, page in viewer.each(color_scheme=scheme):
        page.evaluate("document.querySelectorAll('details').forEach((details) => (details.open = true))")
        grounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        contrasts = page.evaluate(CONTRASTS)
        assert len(contrasts) > 20
        assert [found for found in contrasts if found[0] < 4.5] == [], case
    ground = max(int(part) for part in grounds.pop()[4:-1].split(","))
    assert not grounds and (ground < 40 if scheme == "dark" else ground > 215)


def test_what_links_lead_to_can_be_read_too(viewer):
    for scheme in ["light", "dark"]:
        page = viewer.open("network-cidr", color_scheme=scheme)
        page.evaluate("document.querySelectorAll('.rows > li').forEach((row) => row.classList.add('lit'))")
        assert [found for found in page.evaluate(CONTRASTS) if found[0] < 4.5] == []


def test_nothing_is_wider_than_a_phone(viewer):
    for width in [360, 768]:
        for case, page in viewer.each(width=width):
            page.evaluate("document.querySelectorAll('details').forEach((details) => (details.open = true))")
            wide = page.evaluate(
                """() => [document.documentElement.scrollWidth, ...[...document.querySelectorAll('body *:not(svg, svg *)')]
                   .map((element) => Math.floor(element.getBoundingClientRect().right))]"""
            )
            assert max(wide) <= width, f"{case} at {width}"
    

def test_images_are_told_on_a_phone_too(viewer):
    page = viewer.open("images-refused", width=360)
    page.locator("#refused").scroll_into_view_if_needed()
    assert page.locator(".findings td").filter(visible=True).count() == 48
    for box in page.locator(".images dd").all():
        assert box.bounding_box()["width"] > 180, "values have most of the screen"


def test_texts_of_the_drawing_stay_in_their_boxes(viewer):
    for case, page in viewer.each():
        over = page.evaluate(
            """[...document.querySelectorAll('svg .node')].flatMap((node) => {
               const right = node.querySelector('rect').getBBox();
               return [...node.querySelectorAll('text')].filter((text) => {
                 const box = text.getBBox();
                 return box.x < right.x || box.x + box.width > right.x + right.width || box.y + box.height > right.y + right.height;
               }).map((text) => text.textContent);
            })"""
        )
        assert over == [], case


def test_nothing_in_the_drawing_covers_another(viewer):
    """Bars and chips lie beside each other; frames hold them whole."""
    for case, page in viewer.each():
        boxes = page.evaluate(
            """[...document.querySelectorAll('svg .bar, svg .chip, svg .outside')].map((node) => {
               const { x, y, width, height } = node.querySelector('rect').getBBox();
               return [x, y, x + width, y + height, node.querySelector('title').textContent];
            })"""
        )
        for at, (x, y, right, bottom, name) in enumerate(boxes):
            for other in boxes[at + 1 :]:
                apart = right <= other[0] or other[2] <= x or bottom <= other[1] or other[3] <= y
                assert apart, f"{case}: {name} and {other[4]}"


def test_paper_shows_all_and_asks_for_nothing(viewer):
    page = viewer.open("network-cidr", color_scheme="dark")
    page.get_by_role("button", name="Fold all").click()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.locator(".differences").filter(visible=True).count() > 20
    assert page.locator(".filter, .copy").filter(visible=True).count() == 0
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_nothing_moves_for_those_who_want_that(viewer):
    moving = lambda motion: viewer.open("nothing-to-do", reduced_motion=motion).evaluate("getComputedStyle(document.documentElement).scrollBehavior")
    assert (moving("no-preference"), moving("reduce")) == ("smooth", "auto")
