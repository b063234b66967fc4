"""What a PSP may answer, and that nothing odd of it is taken for money."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.local.sandbox import br_code
from services.billing.outside_calls import OutcomeUnknown
from services.billing.pix.br_code import read_br_code
from services.billing.pix.psp import PixPsp
from tests.billing.house import SECRET, serving
from tests.billing.paid_in_brazil import KEY
from tests.billing.samples import PAYMENT, requested_pix
from tests.servers import free_port

TXID = PAYMENT.hex
CODE = br_code.written(f"pix.example.com/v2/{TXID}", name="Recebedor", city="Sao Paulo")
PIX = {
    "endToEndId": "E1",
    "txid": TXID,
    "chave": KEY,
    "valor": "29.90",
    "horario": "2026-11-22T02:30:00Z",
}
COB: dict[str, Any] = {
    "txid": TXID,
    "status": "ATIVA",
    "valor": {"original": "29.90"},
    "chave": KEY,
    "pixCopiaECola": CODE,
    "revisao": 0,
}


@asynccontextmanager
async def psp_that_says(body: Any, *, status: int = 200) -> AsyncIterator[PixPsp]:
    """A PSP with one answer to everything."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    async def answer(_: Request) -> Response:
        return Response(content, status_code=status, media_type="application/json")

    methods = ["GET", "PUT", "PATCH"]
    app, port = Starlette(routes=[Route("/{path:path}", answer, methods=methods)]), free_port()
    async with serving(app, port):
        psp = PixPsp(
            url=f"http://127.0.0.1:{port}", key=SecretStr(SECRET), webhooks_url="http://127.0.0.1:1"
        )
        yield psp
        await psp.close()


async def test_a_charge_is_read_as_the_psp_tells_it() -> None:
    charge = requested_pix()
    async with psp_that_says({**COB, "status": "CONCLUIDA", "pix": [PIX]}) as psp:
        cob = await psp.cob(charge)
    assert cob is not None
    assert (cob.status, cob.pix[0].amount_minor, cob.pix[0].end_to_end_id) == (
        "CONCLUIDA", 2990, "E1"
    )  # fmt: skip
    assert cob.pix[0].paid_on.isoformat() == "2026-11-21", "it was still that day in Brazil"
    assert read_br_code(cob.copy_and_paste).url.endswith(TXID)


async def test_what_is_not_there_is_none_and_only_that() -> None:
    async with psp_that_says({"title": "Não encontrado"}, status=404) as psp:
        assert await psp.cob(requested_pix()) is None
    for status in (302, 401, 500, 503):
        async with psp_that_says({}, status=status) as psp:
            with pytest.raises(OutcomeUnknown):
                await psp.cob(requested_pix())


ODD: dict[str, Any] = {
    "HTML": b"<html>",
    "no JSON": b"{",
    "another shape": [COB],
    "another charge": {**COB, "txid": "a" * 32},
    "another key": {**COB, "chave": "outra@example.com"},
    "a status that is none": {**COB, "status": "PAGA"},
    "an amount that is none": {**COB, "valor": {"original": "29,90"}},
    "a number as amount": {**COB, "valor": {"original": 29.9}},
    "a code that is none": {**COB, "pixCopiaECola": "000201"},
    "a code of no charge": {**COB, "pixCopiaECola": CODE[:-1] + "0"},
    "a pix of no amount": {**COB, "pix": [{**PIX, "valor": "-1.00"}]},
}


@pytest.mark.parametrize("what", ODD)
async def test_f48_a67_what_is_odd_means_that_we_do_not_know(what: str) -> None:
    async with psp_that_says(ODD[what]) as psp:
        for ask in (psp.put, psp.cob, psp.remove):
            with pytest.raises(OutcomeUnknown):
                await ask(requested_pix())


@pytest.mark.parametrize("change", [{"txid": "b" * 32}, {"chave": "outra@example.com"}])
async def test_a64_a_pix_of_another_code_or_key_is_not_ours(change: dict[str, str]) -> None:
    charge = requested_pix()
    async with psp_that_says({"pix": [{**PIX, **change}]}) as psp:
        with pytest.raises(OutcomeUnknown):
            await psp.received(charge, now=charge.requested_at)


async def test_a_pix_is_told_in_the_order_in_which_it_came() -> None:
    charge = requested_pix()
    later = {**PIX, "endToEndId": "E0", "horario": "2026-11-22T02:31:00Z"}
    async with psp_that_says({"pix": [later, PIX]}) as psp:
        found = await psp.received(charge, now=charge.requested_at + timedelta(days=1))
    assert [each.end_to_end_id for each in found] == ["E1", "E0"]
