"""A page's form as a browser sends it: with the hidden fields that the page has put into it."""

from collections.abc import Mapping
from dataclasses import dataclass

import httpx
from selectolax.lexbor import LexborHTMLParser

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class FormOnPage:
    """A form: where it is sent to, and what it holds."""

    action: str
    values: Mapping[str, str]


def form_on(page: str, action: str) -> FormOnPage:
    """The form of the page that is sent to `action`, with the values that are filled in."""
    tree = LexborHTMLParser(page)
    form = tree.css_first(f'form[action="{action}"]')
    assert form is not None, f"no form for {action}"
    values: dict[str, str] = {}
    for field in form.css("input[name], textarea[name]"):
        attributes = field.attributes
        if attributes.get("type") == "radio" and "checked" not in attributes:
            continue
        values[attributes["name"] or ""] = attributes.get("value") or field.text()
    for select in form.css("select[name]"):
        chosen = select.css_first("option[selected]") or select.css_first("option")
        assert chosen is not None
        values[select.attributes["name"] or ""] = chosen.attributes.get("value") or ""
    return FormOnPage(action, values)


async def send(
    browser: httpx.AsyncClient, page: str, *, action: str, **filled_in: str
) -> httpx.Response:
    """Open the page, fill its form in and send it."""
    form = form_on((await browser.get(page)).text, action)
    return await browser.post(action, data={**form.values, **filled_in})


def errors_on(page: str) -> dict[str, str]:
    """The error that stands at each field."""
    tree = LexborHTMLParser(page)
    marked = tree.css("[aria-invalid=true]")
    return {
        field.attributes["name"] or "": node.text(strip=True)
        for field in marked
        if (node := tree.css_first(f"#{field.attributes['name']}-error")) is not None
    }
