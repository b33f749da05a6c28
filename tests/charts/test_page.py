import re

import pytest

from mainspring.charts import draw_page
from mainspring.charts.palette import PALETTES
from page_reader import Reader


def test_a_page_allows_itself_to_load_nothing():
    read = Reader(draw_page("A page", "text", bundle="AAAA"))
    [policy] = [said["content"] for _, said in read.elements if said.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy
    addresses = [value for _, said in read.elements for key, value in said.items() if key in ("src", "href")]
    assert all(address.startswith("data:") for address in addresses)
    assert "@import" not in draw_page("A page")
    assert "url(" not in draw_page("A page")


def test_only_a_page_with_charts_has_the_script_and_may_evaluate():
    assert "unsafe-eval" not in draw_page("A page")
    assert 'id="vega"' not in draw_page("A page")
    assert "unsafe-eval" in draw_page("A page", bundle="AAAA")
    assert '<script type="text/plain" id="vega">AAAA</script>' in draw_page("A page", bundle="AAAA")


def test_a_page_fits_phones_dark_mode_and_paper():
    page = draw_page("A page")
    assert 'content="width=device-width, initial-scale=1"' in page
    assert "(prefers-color-scheme:dark)" in page
    assert "@media print" in page
    assert "@media (max-width:720px)" in page


def test_the_title_is_escaped():
    assert "<title>&lt;b&gt;</title>" in draw_page("<b>")


def test_every_colour_that_the_style_uses_is_defined_in_both_modes():
    page = draw_page("A page")
    used = set(re.findall(r"var\(--([\w-]+)[,)]", page)) - {"state"}
    assert used <= PALETTES["light"].keys()
    assert PALETTES["light"].keys() == PALETTES["dark"].keys()


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("mode", PALETTES)
@pytest.mark.parametrize("ink", ["ink", "soft", "accent", "ran", "hit", "failed", "skipped", "running"])
@pytest.mark.parametrize("ground", ["paper", "surface", "faint"])
def test_text_has_enough_contrast(mode, ink, ground):
    light, dark = sorted((_luminance(PALETTES[mode][name]) for name in (ink, ground)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5  # WCAG 2.2, level AA
