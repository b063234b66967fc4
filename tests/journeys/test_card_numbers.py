"""A card's number typed into every field of every form is found nowhere afterwards, by bytes."""

import re
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from selectolax.lexbor import LexborHTMLParser, LexborNode

from deploy.local.cluster import locate_cluster
from deploy.local.installation import Installation
from deploy.local.state import Home
from tests.journeys.collector import Collector
from tests.journeys.platform import Platform

pytestmark = [pytest.mark.timeout(420)]

CARD = "5105105105105100"
WRITTEN = ("5105 1051 0510 5100", CARD, "5105-1051-0510-5100")
SUBJECT = "um assunto que se acha de novo"
KEPT = {"databases": SUBJECT, "streams": "TicketOpened", "logs": "service", "mails": SUBJECT}
"""What may be kept, and where: the search finds it, so it would have found the card."""
TYPED = {"text", "search", "email", "tel", "url", "password", "number", None}
FOUND_WITHIN_S = 60
LOOK_AGAIN_S = 1.0


class Visitor:
    """Somebody with a browser, signed in or not, who types into what there is."""

    def __init__(self, area: str) -> None:
        self.area = area
        host = area.removeprefix("http://")
        self.http = httpx.Client(
            base_url=f"http://127.0.0.1:{host.rpartition(':')[2]}",
            headers={"Host": host},
            follow_redirects=True,
            trust_env=False,
            timeout=30,
        )
        self.typed: set[str] = set()

    def close(self) -> None:
        """Leave; connections that stay open fail the test."""
        self.http.close()

    def sign_in(self, person: dict[str, str]) -> None:
        """With e-mail and password."""
        given = {"email": person["email"], "password": person["password"]}
        answer = self._send(self._form("/sign-in", "/sign-in"), **given)
        assert answer.is_success and "/sign-in" not in str(answer.url), answer.text

    def write_ticket(self, subject: str) -> None:
        """A ticket without a card in it."""
        form = self._form("/tickets/new", "/tickets/new")
        answer = self._send(form, subject=subject, message="Não abre.")
        assert answer.is_success, answer.text

    def type_card_everywhere(self) -> None:
        """Into each field of each form of each page that can be reached, one after another."""
        for path in self._pages():
            page = LexborHTMLParser(self.http.get(path).text)
            for form in page.css("form"):
                self._type_into(path, form)

    def _type_into(self, path: str, form: LexborNode) -> None:
        action = form.attributes.get("action") or path
        for field in form.css("input[name], textarea[name]"):
            name = field.attributes["name"] or ""
            if field.tag == "textarea" or field.attributes.get("type") in TYPED:
                written = WRITTEN[len(self.typed) % len(WRITTEN)]
                answer = self._send(form, **{name: written}, _action=action)
                assert answer.status_code == 422, (action, name, answer.status_code)
                assert CARD not in _digits(answer.text), (action, name)
                self.typed.add(f"{action} {name}")

    def _pages(self) -> Iterator[str]:
        """Every page of the client area that links lead to, each kind of it once."""
        seen, waiting = set[str](), ["/"]
        while waiting:
            path = waiting.pop(0)
            answer = self.http.get(path)
            if "text/html" not in answer.headers.get("content-type", ""):
                continue
            yield path
            for link in LexborHTMLParser(answer.text).css("a[href^='/']"):
                target = (link.attributes["href"] or "").partition("#")[0]
                kind = re.sub(r"[0-9a-f-]{32,36}", "{id}", target.partition("?")[0])
                if kind not in seen and not kind.startswith(("/assets", "/language")):
                    seen.add(kind)
                    waiting.append(target)

    def _form(self, path: str, action: str) -> LexborNode:
        page = LexborHTMLParser(self.http.get(path).text)
        form = page.css_first(f'form[action="{action}"]')
        assert form is not None, path
        return form

    def _send(self, form: LexborNode, *, _action: str = "", **typed: str) -> httpx.Response:
        values = {**_values(form), **typed}
        action = _action or form.attributes["action"] or ""
        if (form.attributes.get("method") or "get").lower() == "get":
            return self.http.get(action, params=values)
        return self.http.post(action, data=values, headers={"Origin": self.area})


def _values(form: LexborNode) -> dict[str, str]:
    """What the form holds when nobody types: hidden fields, and the first of each choice."""
    values: dict[str, str] = {}
    for field in form.css("input[name], textarea[name]"):
        name = field.attributes["name"] or ""
        values.setdefault(name, field.attributes.get("value") or field.text())
    for select in form.css("select[name]"):
        options = [each.attributes.get("value") or "" for each in select.css("option")]
        values[select.attributes["name"] or ""] = next((each for each in options if each), "")
    return values


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)


class Places:
    """Everything that the installation has written down: databases, streams, logs, mails."""

    def __init__(self, home: Path) -> None:
        installation = Installation.open(Home(home))
        cluster = locate_cluster(installation.home, installation.secrets.installation)
        self._folders = {
            "databases": cluster.data,
            "streams": home / "nats",
            "logs": home / "logs",
            "mails": home / "sandbox",
            "all": home,
        }

    def holding(self, wanted: str, *, place: str) -> list[str]:
        """The files of a place with these bytes."""
        files = [file for file in sorted(self._folders[place].rglob("*")) if file.is_file()]
        return [str(file) for file in files if wanted.encode() in file.read_bytes()]

    def wait_for(self, wanted: str, *, place: str) -> None:
        """Until the bytes are there: a search that finds nothing at all proves nothing."""
        deadline = time.monotonic() + FOUND_WITHIN_S
        while not self.holding(wanted, place=place):
            assert time.monotonic() < deadline, f"no {wanted} in the {place}"
            time.sleep(LOOK_AGAIN_S)


def test_a_cards_number_is_found_nowhere_after_it_was_typed_everywhere(
    platform: Platform, collector: Collector
) -> None:
    area = platform.client_area()
    with closing(Visitor(area)) as visitor, closing(Visitor(area)) as client:
        visitor.type_card_everywhere()
        client.sign_in(platform.sign_in_of("client"))
        client.write_ticket(SUBJECT)
        client.type_card_everywhere()
    for service in ("billing", "accounts", "tickets", "portal"):
        address = f"{platform.address(service)}/v1/{WRITTEN[0]}"
        assert httpx.get(address, trust_env=False).status_code == 422
    assert len(visitor.typed) >= 10 and len(client.typed) >= 10, (visitor.typed, client.typed)

    places = Places(platform.home)
    for place, wanted in KEPT.items():
        places.wait_for(wanted, place=place)
    assert any(b"/tickets" in body for body in collector.bodies), "no traces were exported"
    for written in {*WRITTEN, WRITTEN[0].replace(" ", "+"), WRITTEN[0].replace(" ", "%20")}:
        for place in (*KEPT, "all"):
            assert places.holding(written, place=place) == []
        assert not any(written.encode() in body for body in collector.bodies)
