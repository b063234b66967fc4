"""One order's way through the platform in a browser, from the plan to the lifted suspension."""

import re
import time

import httpx
import pytest

from tests.journeys.collector import Collector, Span
from tests.journeys.expected import (
    ACTIVATED,
    FORTY_DAYS_UNPAID,
    LIFTED,
    ORDERED,
    PAID,
    REGISTERED,
)
from tests.journeys.platform import Platform
from tests.journeys.walk import Walk, account_of

pytestmark = [pytest.mark.browser, pytest.mark.timeout(420)]

EXPORTED_WITHIN_S = 15


def test_a_visitor_becomes_a_client_pays_forgets_to_pay_and_pays_again(walk: Walk) -> None:
    walk.order("padaria-da-joana.com.br")
    walk.register()
    walk.confirm()
    walk.sign_in()
    walk.place_order()
    walk.sees("Vence hoje|vence em|a pagar")
    walk.picture("invoice-unpaid")
    walk.start_payment()
    walk.approve()
    walk.sees("Paga. Obrigado!")
    walk.picture("invoice-paid")
    walk.sees_in("/services", "Ativo")
    walk.picture("services")
    walk.visit("/")
    walk.picture("home")
    account = account_of(walk.platform, walk.email)
    walk.platform.mail_to(walk.email, "está ativo")

    walk.platform.play_days(40)
    walk.sees_in("/services", "Suspenso")
    walk.visit("/")
    walk.picture("home-suspended")
    walk.open_invoice()
    walk.sees("Vencida")
    walk.picture("invoice-overdue")
    walk.start_payment()
    walk.approve()
    walk.sees("Paga. Obrigado!")
    walk.sees_in("/services", "Ativo")
    walk.platform.mail_to(walk.email, "voltou a funcionar")

    found = walk.platform.events_of(account)
    assert found["accounts"] == REGISTERED
    assert found["billing"] == [
        *ORDERED, *PAID, *ACTIVATED, *FORTY_DAYS_UNPAID, *PAID, *LIFTED
    ]  # fmt: skip
    subjects = [mail["subject"] for mail in walk.platform.mails_to(walk.email)]
    assert found["notifications"] == ["EmailSent"] * len(subjects)
    assert set(found) == {"accounts", "billing", "notifications"}
    assert [_without_figures(subject) for subject in subjects] == SUBJECTS


SUBJECTS = [
    "Confirme seu endereço de e-mail",
    "Boas-vindas! O número da sua conta é #",
    "Fatura # de # vence em #",
    "Recebemos seu pagamento de # (recibo #)",
    "padaria-da-joana.com.br está ativo",
    "Fatura # de # vence em #",
    "Lembrete: fatura # de # vence em #",
    "Lembrete: fatura # de # vence em #",
    "Fatura # de # venceu em #",
    "Fatura # de # venceu em #",
    "padaria-da-joana.com.br será suspenso em #",
    "padaria-da-joana.com.br foi suspenso",
    "Fatura # de # venceu em #",
    "Recebemos seu pagamento de # (recibo #)",
    "padaria-da-joana.com.br voltou a funcionar",
]


def _without_figures(subject: str) -> str:
    """The subject with numbers, dates and amounts left out."""
    return re.sub(r"PON-(R-)?\d+-\d+|R\$\s[\d.,]+|\d[\d./]*", "#", subject)


def test_a_member_of_staff_finds_the_client_and_sees_that_all_is_well(
    walk: Walk, platform: Platform
) -> None:
    staff = platform.sign_in_of("staff")
    walk.visit("/sign-in")
    walk.page.get_by_label("E-mail").fill(staff["email"])
    walk.page.get_by_label("Senha").fill(staff["password"])
    walk.page.locator("main form button[type=submit]").click()
    walk.visit("/ops")
    walk.picture("ops")
    for service in ("accounts", "billing", "tickets", "notifications", "portal"):
        walk.sees(service)
    walk.visit(f"/ops/search?q={platform.sign_in_of('client')['email']}")
    walk.picture("search")
    walk.page.locator("main table a").first.click()
    walk.sees("Ana Beatriz Lima")
    walk.picture("account")


def test_verification_finds_the_chains_views_and_ledger_in_order(platform: Platform) -> None:
    platform.faktura("day", "advance", "1")
    assert platform.ask("verify") == {"ok": True, "findings": []}


def test_one_trace_leads_from_the_browsers_request_to_the_sent_mail(
    walk: Walk, collector: Collector
) -> None:
    before = len(collector.spans)
    walk.order("rastro.com.br")
    walk.register()
    walk.platform.mail_to(walk.email, "Confirme")
    deadline = time.monotonic() + EXPORTED_WITHIN_S
    while not (ways := _ways_of_mails(collector.spans[before:], begun_by="POST /register")):
        assert time.monotonic() < deadline, "the trace was not exported"
        time.sleep(0.2)
    (way,) = ways
    assert [way[0].service, way[-1].service] == ["notifications", "portal"]
    assert "accounts" in {span.service for span in way}


def _ways_of_mails(spans: list[Span], *, begun_by: str) -> list[list[Span]]:
    """From each sent mail up to the request that it goes back to, where that is `begun_by`."""
    known = {span.id: span for span in spans}
    ways = [_to_the_root(span, known) for span in spans if span.name == "send email"]
    return [way for way in ways if not way[-1].parent and way[-1].name == begun_by]


def _to_the_root(span: Span, known: dict[str, Span]) -> list[Span]:
    way = [span]
    while parent := known.get(way[-1].parent):
        way.append(parent)
    return way


def test_no_answer_to_bad_input_is_a_fault(platform: Platform) -> None:
    _, _, host = platform.client_area().rpartition("/")
    area = platform.address("portal")
    with httpx.Client(base_url=area, headers={"host": host}, trust_env=False) as http:
        for path in ("/api/v1/invoices?limit=x", "/invoices/no-id", "/%00", "/api/v1/invoices/1"):
            assert http.get(path).status_code < 500
        for body in (b"\x00", b"{", b'{"a": NaN}', b"x" * 2_000_000):
            for path in ("/register", "/sign-in", "/api/v1/account"):
                answer = http.post(path, content=body, headers={"content-type": "application/json"})
                assert answer.status_code < 500
