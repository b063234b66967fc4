"""The PSP's side of PIX, by the API that all PSPs of Brazil have. Amounts are centavos.

Source: Banco Central, API Pix 2.x: `cob` (immediate charges), `pix` (received), `devolucao` (given
back). What the answer of another version has besides is passed over.
"""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Literal, TypeVar
from urllib.parse import quote
from zoneinfo import ZoneInfo

import msgspec
from pydantic import SecretStr

from services.billing.outside_calls import OutsideAnswer, OutsideSystem
from services.billing.pix.br_code import read_br_code
from services.billing.pix.fields import BrCodeInvalid
from services.billing.pix.pix_charge import PixCharge

Read = TypeVar("Read")

BRASILIA = ZoneInfo("America/Sao_Paulo")
AMOUNT = re.compile(r"[0-9]{1,10}\.[0-9]{2}")
REMOVED = "REMOVIDA_PELO_USUARIO_RECEBEDOR"
CLOCKS_DIFFER = timedelta(hours=1)


class _Value(msgspec.Struct, frozen=True):
    original: str


class ReceivedPix(msgspec.Struct, frozen=True, rename={"end_to_end_id": "endToEndId"}):
    """A PIX that came: `valor` in reais, `horario` as RFC 3339."""

    end_to_end_id: str
    valor: str
    horario: datetime
    txid: str = ""
    chave: str = ""

    @property
    def amount_minor(self) -> int:
        return minor_of(self.valor)

    @property
    def paid_on(self) -> date:
        """The day on which it was paid, in Brazil."""
        return self.horario.astimezone(BRASILIA).date()


class Cob(msgspec.Struct, frozen=True, rename={"copy_and_paste": "pixCopiaECola"}):
    """An immediate charge as the PSP sees it."""

    txid: str
    status: Literal["ATIVA", "CONCLUIDA", "REMOVIDA_PELO_USUARIO_RECEBEDOR", "REMOVIDA_PELO_PSP"]
    valor: _Value
    chave: str
    copy_and_paste: str = ""
    pix: list[ReceivedPix] = []


class _Received(msgspec.Struct, frozen=True):
    pix: list[ReceivedPix]


class PixPsp:
    """A PSP under an address and a key. It sends its news to `webhooks_url` and /pix behind it."""

    def __init__(self, *, url: str, key: SecretStr, webhooks_url: str) -> None:
        self._system = OutsideSystem(name="pix psp", url=url, key=key)
        self._webhooks_url = webhooks_url
        self._told_where: set[str] = set()

    async def tell_where(self, key: str) -> None:
        """Say where news of a key goes, once for each process. Errors: OutcomeUnknown."""
        if key in self._told_where:
            return
        said = {"webhookUrl": self._webhooks_url}
        answer = await self._system.call("PUT", f"/v2/webhook/{quote(key, safe='')}", json=said)
        if answer.status not in {200, 201}:
            raise self._system.unknown(f"status {answer.status}")
        self._told_where.add(key)

    async def put(self, charge: PixCharge) -> Cob:
        """Make the charge there; the same again is the same charge. Errors: OutcomeUnknown."""
        span = charge.expires_at - charge.requested_at
        said = {
            "calendario": {"expiracao": int(span.total_seconds())},
            "valor": {"original": reais(charge.amount_minor)},
            "chave": charge.key,
        }
        answer = await self._system.call("PUT", _cob(charge.txid), json=said)
        if answer.status not in {200, 201}:
            raise self._system.unknown(f"status {answer.status}")
        cob = self._read(answer, Cob)
        self._check(cob, charge)
        return cob

    async def cob(self, charge: PixCharge) -> Cob | None:
        """The charge as it is there now; None when there is none. Errors: OutcomeUnknown."""
        answer = await self._system.call("GET", _cob(charge.txid))
        if answer.status == 404:
            return None
        cob = self._ok(answer, Cob)
        self._check(cob, charge)
        return cob

    async def remove(self, charge: PixCharge) -> Cob:
        """Close the charge; one that is not open stays as it is. Errors: OutcomeUnknown."""
        answer = await self._system.call("PATCH", _cob(charge.txid), json={"status": REMOVED})
        if answer.status in {400, 409, 422}:
            answer = await self._system.call("GET", _cob(charge.txid))
        cob = self._ok(answer, Cob)
        self._check(cob, charge)
        return cob

    async def received(self, charge: PixCharge, *, now: datetime) -> list[ReceivedPix]:
        """Every PIX that came by the code, the first one first. Errors: OutcomeUnknown."""
        params = {
            "inicio": _instant(charge.requested_at - CLOCKS_DIFFER),
            "fim": _instant(now + CLOCKS_DIFFER),
            "txid": charge.txid,
        }
        answer = await self._system.call("GET", "/v2/pix", params=params)
        found = self._ok(answer, _Received).pix
        for each in found:
            if each.txid != charge.txid or (each.chave and each.chave != charge.key):
                raise self._system.unknown("a pix of another code or key")
        return sorted(found, key=lambda each: (each.horario, each.end_to_end_id))

    async def close(self) -> None:
        """Close the connections."""
        await self._system.close()

    def _check(self, cob: Cob, charge: PixCharge) -> None:
        """What the PSP says must be about this charge, and its code one that can be paid."""
        if cob.txid != charge.txid or cob.chave != charge.key:
            raise self._system.unknown("another charge or key")
        if not cob.copy_and_paste:
            return
        try:
            code = read_br_code(cob.copy_and_paste)
        except BrCodeInvalid as error:
            raise self._system.unknown("a code that is none") from error
        if not code.is_dynamic:
            raise self._system.unknown("a code of no charge")

    def _ok(self, answer: OutsideAnswer, kind: type[Read]) -> Read:
        if answer.status != 200:
            raise self._system.unknown(f"status {answer.status}")
        return self._read(answer, kind)

    def _read(self, answer: OutsideAnswer, kind: type[Read]) -> Read:
        try:
            read = msgspec.json.decode(answer.content, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._system.unknown("answer not understood") from error
        for amount in _amounts(read):
            if not AMOUNT.fullmatch(amount):
                raise self._system.unknown("an amount that is none")
        return read


def _amounts(read: object) -> list[str]:
    match read:
        case Cob():
            return [read.valor.original, *(each.valor for each in read.pix)]
        case _Received():
            return [each.valor for each in read.pix]
        case _:
            return []


def reais(amount_minor: int) -> str:
    """Centavos as the API writes them.

    >>> reais(2990), reais(5)
    ('29.90', '0.05')
    """
    return f"{amount_minor // 100}.{amount_minor % 100:02}"


def minor_of(amount: str) -> int:
    """The other way round, of what has the form of an amount.

    >>> minor_of("29.90")
    2990
    """
    whole, _, part = amount.partition(".")
    return int(whole) * 100 + int(part)


def _cob(txid: str) -> str:
    return f"/v2/cob/{quote(txid, safe='')}"


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
