"""Bank files in the console: brought by a form, refused in words, and what came of each."""

from typing import Any

import httpx
import pytest
from selectolax.lexbor import LexborHTMLParser

from tests.portal.browsing import errors_on, form_on
from tests.portal.house import CLIENT, STAFF, House
from tests.portal.pages_known import (
    BANK_FILE,
    DAMAGED,
    RETURN_FILE,
    STATEMENT,
    tell_of_bank_files,
)
from tests.portal.world import normal

PAGE = "/ops/bank"
CONTENT = b"OFXHEADER:100\r\n\xe9\x00\x1f"


@pytest.fixture
async def bank(house: House) -> House:
    await house.tell(normal())
    tell_of_bank_files(house, [RETURN_FILE, DAMAGED], [STATEMENT])
    return house


async def bring(
    house: House, content: bytes | None, *, kind: str = "statement", name: str = "x.ofx"
) -> httpx.Response:
    async with house.browser(STAFF) as browser:
        values = form_on((await browser.get(PAGE)).text, PAGE).values
        said = {**{n: v for n, v in values.items() if n != "file"}, "kind": kind}
        chosen = ("", b"") if content is None else (name, content)
        return await browser.post(PAGE, data=said, files={"file": chosen})


def texts(page: str, selector: str) -> list[str]:
    found = LexborHTMLParser(page).css(selector)
    return [" ".join(node.text(separator=" ").split()) for node in found]


@pytest.mark.parametrize(
    ("kind", "path", "query"),
    [
        ("statement", "/v1/bank-statements", ""),
        ("return_file", "/v1/return-files", "name=CB%2021%26%C3%A7.RET"),
    ],
)
async def test_a_file_is_brought_as_it_is_and_the_same_again_is_said_to_be_known(
    bank: House, kind: str, path: str, query: str
) -> None:
    for is_new, words in ((True, "O arquivo foi recebido"), (False, "já tinha sido enviado")):
        bank.neighbours.answer("POST", path, {"is_new": is_new}, status=201)
        sent = await bring(bank, CONTENT, kind=kind, name="C:\\ret\\CB 21&ç.RET")
        assert sent.status_code == 303
        async with bank.browser(STAFF) as browser:
            assert words in (await browser.get(sent.headers["location"])).text
    told, _ = bank.neighbours.requests_to(path, "POST")
    assert (told.body, told.query) == (CONTENT, query)
    assert told.headers["authorization"] == f"Bearer token-of-{STAFF}"


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        ({"status": 422, "code": "statement_unreadable", "facts": {"line": 7}}, "A linha 7 está"),
        ({"status": 422, "code": "return_file_invalid", "facts": {"line": 3}}, "A linha 3 está"),
        ({"status": 422, "code": "statement_empty"}, "Não há nenhum extrato"),
        ({"status": 413, "code": "body_too_large"}, "Este arquivo é grande demais"),
        ({"status": 413, "code": "return_file_too_large"}, "Este arquivo é grande demais"),
        ({"status": 422, "code": "bank_account_unknown"}, "uma conta que não é de vocês"),
        ({"status": 409, "code": "statements_overlap"}, "contariam duas vezes"),
    ],
)
async def test_a_file_that_billing_refuses_is_refused_at_the_field_in_words(
    bank: House, refusal: dict[str, Any], words: str
) -> None:
    bank.neighbours.refuse("POST", "/v1/bank-statements", **refusal)
    refused = await bring(bank, CONTENT)
    assert refused.status_code == 422 and words in errors_on(refused.text)["file"]


@pytest.mark.parametrize(("content", "words"), [(None, "Escolha um"), (b"", "está vazio")])
async def test_no_file_and_an_empty_one_are_refused_without_asking_billing(
    bank: House, content: bytes | None, words: str
) -> None:
    refused = await bring(bank, content)
    assert refused.status_code == 422 and words in errors_on(refused.text)["file"]
    assert not bank.neighbours.requests_to("/v1/bank-statements", "POST")


async def test_who_may_not_bring_files_is_told_so_on_the_page(bank: House) -> None:
    bank.neighbours.refuse("POST", "/v1/bank-statements", status=403, code="forbidden")
    refused = await bring(bank, CONTENT)
    assert refused.status_code == 422
    assert "Seu perfil não permite isso" in " ".join(texts(refused.text, "[role=alert]"))
    bank.neighbours.refuse("GET", "/v1/return-files", status=403, code="forbidden")
    async with bank.browser(STAFF) as browser:
        unread = await browser.get(PAGE)
    assert unread.status_code == 403 and "Seu perfil não permite isso" in unread.text


async def test_each_file_tells_what_matched_what_did_not_and_where_it_is_damaged(
    bank: House,
) -> None:
    async with bank.browser(STAFF) as browser:
        page = (await browser.get(PAGE)).text
        lines = (await browser.get(f"{BANK_FILE}?outcome=unknown_boleto&after=1")).text
    statement, settled, damaged = texts(page, "tbody tr")
    assert "221" in statement and "01/11/2026 a 20/11/2026" in statement and "OFX" in statement
    assert "não levam ao saldo final" in statement and "2 lançamentos foram" in statement
    assert statement.endswith("12 7 5 1 1 aguardando")
    assert settled.startswith("CB211126.RET Banco 237") and settled.endswith("3 2 1")
    assert "A linha 17 está danificada" in damaged
    assert bank.neighbours.last(f"/v1{BANK_FILE[len(PAGE) :]}/lines").query == (
        "limit=100&after=1&outcome=unknown_boleto"
    )
    known, strange = texts(lines, "tbody tr")
    assert known.startswith("2 Pago") and "PON-2026-000042" in known
    assert strange.startswith("4 Boleto desconhecido")


async def test_a_client_sees_no_bank_files_and_brings_none(bank: House) -> None:
    async with bank.browser(CLIENT) as browser:
        assert (await browser.get(PAGE)).status_code == 404
        csrf = form_on((await browser.get("/tickets/new")).text, "/tickets/new").values["csrf"]
        sent = await browser.post(PAGE, data={"csrf": csrf}, files={"file": ("x", CONTENT)})
    assert sent.status_code == 404


async def test_a_file_without_the_pages_token_or_in_a_plain_form_is_refused(bank: House) -> None:
    async with bank.browser(STAFF) as browser:
        forged = await browser.post(PAGE, data={"csrf": "x"}, files={"file": ("x", CONTENT)})
        plain = await browser.post(PAGE, data={"csrf": "x"})
    assert (forged.status_code, plain.status_code) == (403, 422)
