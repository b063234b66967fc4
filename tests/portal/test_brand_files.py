"""A brand's colours are readable whatever the accent, and files are served as they are pinned."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.portal.brands.colour import (
    DARK_SURFACE,
    LIGHT_SURFACE,
    TEXT_RATIO,
    Rgb,
    contrast,
    shades,
)
from services.portal.brands.style import mark, style_sheet
from tests.portal.house import House
from tests.portal.world import normal

channels = st.integers(0, 255)
colours = st.tuples(channels, channels, channels)


@given(accent=colours, surface=st.sampled_from([LIGHT_SURFACE, DARK_SURFACE]))
def test_every_text_on_or_in_a_brands_colour_can_be_read(accent: Rgb, surface: Rgb) -> None:
    found = shades(accent, surface)
    assert contrast(found.on_fill, found.fill) >= TEXT_RATIO - 0.05
    assert contrast(found.on_strong, found.strong) >= TEXT_RATIO - 0.05
    assert contrast(found.strong, found.tint) >= TEXT_RATIO
    assert contrast(found.strong, surface) >= TEXT_RATIO


def test_a_colour_that_is_none_writes_nothing_into_the_style_sheet() -> None:
    assert "url" not in style_sheet("red; background: url(https://evil.example)")
    assert "<script>" not in mark("<script>", "#000000")


async def test_each_host_has_its_own_colours_and_mark(house: House) -> None:
    await house.tell(normal())
    async with house.browser() as browser:
        style = await browser.get("/brand.css")
        picture = await browser.get("/brand.svg")
    assert "--brand: #0b6e4f" in style.text
    assert picture.headers["content-type"].startswith("image/svg+xml")
    async with house.browser(host="elsewhere.localhost") as browser:
        assert (await browser.get("/brand.css")).status_code == 400


@pytest.mark.parametrize("name", ["tabler.css", "portal.css", "htmx.js", "hx-sse.js", "theme.js"])
async def test_a_file_is_kept_for_ever_under_its_own_hash(house: House, name: str) -> None:
    address = house.desk.assets.address(name)
    async with house.browser() as browser:
        answer = await browser.get(address)
        other = await browser.get(f"/assets/000000000000/{name}")
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert other.status_code == 404


async def test_pages_name_no_other_site_and_run_no_foreign_script(house: House) -> None:
    await house.tell(normal())
    async with house.browser() as browser:
        answer = await browser.get("/products")
    policy = answer.headers["content-security-policy"]
    gateway = house.desk.settings.payment_origins[0]
    assert "default-src 'none'" in policy
    assert f"form-action 'self' {gateway}" in policy
    assert "unsafe" not in policy
    assert "style=" not in answer.text
    assert "http://" not in answer.text.replace("http://www.w3.org", "")
    nonce = policy.partition("'nonce-")[2].partition("'")[0]
    assert answer.text.count("<script") == answer.text.count(f'nonce="{nonce}"') == 2
