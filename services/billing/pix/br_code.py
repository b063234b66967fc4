"""BR Code: the text of a PIX QR code, which can also be copied and pasted. Amounts: centavos.

Source: Banco Central, Manual de Padrões para Iniciação do Pix (BR Code, static and dynamic), over
the EMV QR Code Specification, Merchant-Presented Mode. A static code names the receiver's key; a
dynamic one an address from which the payer's bank fetches the charge. Drawing is another's work.
"""

import re
import unicodedata
from dataclasses import dataclass

from services.billing.pix.fields import (
    BrCodeInvalid,
    Field,
    checksum,
    read_fields,
    write_fields,
)
from services.billing.pix.keys import has_form_of_a_key, pix_key
from services.billing.pix.txid import IN_A_STATIC_CODE, UNSPECIFIED

PIX = "br.gov.bcb.pix"
REAL = "986"
BRAZIL = "BR"
ANY_TRADE = "0000"
MANY_USES, ONE_USE = "11", "12"

LONGEST_CODE = 512
LONGEST_NAME = 25
LONGEST_CITY = 15
LONGEST_URL = 77
LARGEST_AMOUNT_MINOR = 10**12 - 1
"""Thirteen characters, the point included."""

RECEIVER_PLACES = range(26, 52)
UNRESERVED_PLACES = range(80, 100)

AMOUNT = re.compile(r"(0|[1-9][0-9]*)(?:\.([0-9]{0,2}))?")
URL = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?/[\x21-\x7e]+")
POSTAL_CODE = re.compile(r"[0-9]{5}-?[0-9]{3}")
AGENT = re.compile(r"[0-9]{8}")
TRADE = re.compile(r"[0-9]{4}")
PRINTABLE = re.compile(r"[\x20-\x7e]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class BrCode:
    """What a PIX code says. One of `key`, `url` and `recurrence_url` is given; empty is absent.

    `amount_minor` is None where the payer or the charge behind the address says how much. `agent`
    is the ISPB of who hands out cash (Pix Saque). `initiation`: 11 for many uses, 12 for one.
    `recurrence_url` is the address of a recurrence (Pix Automático).
    """

    name: str
    city: str
    key: str = ""
    information: str = ""
    agent: str = ""
    url: str = ""
    recurrence_url: str = ""
    amount_minor: int | None = None
    txid: str = UNSPECIFIED
    postal_code: str = ""
    initiation: str = ""
    trade: str = ANY_TRADE
    domain: str = PIX

    @property
    def is_dynamic(self) -> bool:
        """Whether the payer's bank fetches the charge from an address."""
        return bool(self.url)

    @property
    def payload(self) -> str:
        """The text itself, checksum included. Errors: BrCodeInvalid, where a part is too long."""
        receiver = [("00", self.domain), ("01", self.key), ("02", self.information)]
        receiver += [("03", self.agent), ("25", self.url)]
        recurrence = [("00", self.domain), ("25", self.recurrence_url)]
        text = write_fields(
            [
                ("00", "01"),
                ("01", self.initiation),
                ("26", write_fields(receiver)),
                ("52", self.trade),
                ("53", REAL),
                ("54", "" if self.amount_minor is None else _amount(self.amount_minor)),
                ("58", BRAZIL),
                ("59", self.name),
                ("60", self.city),
                ("61", self.postal_code),
                ("62", write_fields([("05", self.txid)])),
                ("80", write_fields(recurrence) if self.recurrence_url else ""),
            ]
        )
        return f"{text}6304{checksum(text + '6304')}"


def static_code(
    key: str,
    *,
    name: str,
    city: str,
    amount_minor: int | None = None,
    txid: str = UNSPECIFIED,
) -> BrCode:
    """A code for a key, to be paid as often as it is scanned; name and city become `plain_text`.

    Errors: PixKeyInvalid; BrCodeInvalid for an amount that is not above zero, or a txid of more
    than 25 letters and digits.

    >>> static_code("123e4567-e12b-12d1-a456-426655440000", name="Fulano de Tal",
    ...     city="Brasília").payload[-40:]
    'no de Tal6008Brasilia62070503***630443FE'
    """
    if amount_minor is not None and not 0 < amount_minor <= LARGEST_AMOUNT_MINOR:
        raise BrCodeInvalid(field="54", reason="out_of_range")
    if txid != UNSPECIFIED and not IN_A_STATIC_CODE.fullmatch(txid):
        raise BrCodeInvalid(field="62.05", reason="characters")
    return BrCode(
        key=pix_key(key).value,
        name=plain_text(name, longest=LONGEST_NAME, field="59"),
        city=plain_text(city, longest=LONGEST_CITY, field="60"),
        amount_minor=amount_minor,
        txid=txid,
    )


def dynamic_code(url: str, *, name: str, city: str) -> BrCode:
    """A code for the charge at an address of the receiver's PSP, to be paid once.

    The address has no https:// in front; amount and txid stand in the charge, not in the code.
    Errors: BrCodeInvalid.

    >>> dynamic_code("pix.example.com/8b3da2f39a4140d1a91abd93113bd441", name="Fulano de Tal",
    ...     city="Brasilia").payload[:40]
    '00020101021226700014br.gov.bcb.pix2548pi'
    """
    if len(url) > LONGEST_URL or not URL.fullmatch(url):
        raise BrCodeInvalid(field="26.25", reason="no_address")
    return BrCode(
        url=url,
        name=plain_text(name, longest=LONGEST_NAME, field="59"),
        city=plain_text(city, longest=LONGEST_CITY, field="60"),
        initiation=ONE_USE,
    )


def plain_text(text: str, *, longest: int, field: str) -> str:
    """`text` without accents and what else ASCII has not, cut to `longest` characters.

    Errors: BrCodeInvalid, where nothing is left.

    >>> plain_text("São José dos Campos", longest=15, field="60")
    'Sao Jose dos Ca'
    """
    apart = unicodedata.normalize("NFKD", text)
    plain = " ".join("".join(c for c in apart if " " <= c <= "~").split())[:longest].strip()
    if not plain:
        raise BrCodeInvalid(field=field, reason="characters")
    return plain


def _amount(amount_minor: int) -> str:
    if not 0 <= amount_minor <= LARGEST_AMOUNT_MINOR:
        raise BrCodeInvalid(field="54", reason="out_of_range")
    return f"{amount_minor // 100}.{amount_minor % 100:02}"


def read_br_code(text: str) -> BrCode:
    """What the code says. Fields that PIX does not know are passed over.

    Errors: BrCodeInvalid, whose facts name the field (26.01 is 01 within 26) and the position.
    """
    text = text.strip()
    if not text.isascii() or not PRINTABLE.fullmatch(text) or len(text) > LONGEST_CODE:
        raise BrCodeInvalid(field="", reason="characters_or_length", position=_strange(text))
    fields = read_fields(text)
    _check_frame(text, fields)
    receiver = _template(fields, RECEIVER_PLACES)
    if receiver is None:
        raise BrCodeInvalid(field="26", reason="no_receiver")
    recurrence = _template(fields, UNRESERVED_PLACES)
    more = read_fields(fields["62"].value, within="62", position=fields["62"].position)
    code = BrCode(
        domain=receiver.get("00"),
        key=receiver.get("01"),
        information=receiver.get("02"),
        agent=receiver.get("03"),
        url=receiver.get("25"),
        recurrence_url=recurrence.get("25") if recurrence else "",
        amount_minor=_read_amount(fields.get("54")),
        initiation=_value(fields, "01"),
        trade=_value(fields, "52"),
        name=_value(fields, "59"),
        city=_value(fields, "60"),
        postal_code=_value(fields, "61"),
        txid=more["05"].value if "05" in more else UNSPECIFIED,
    )
    _check_receiver(code, receiver)
    _check_values(code, fields, more=more)
    return code


@dataclass(frozen=True, slots=True)
class _Template:
    """The fields within a field that is PIX's."""

    id: str
    fields: dict[str, Field]

    def get(self, id_: str) -> str:
        return self.fields[id_].value if id_ in self.fields else ""

    def refused(self, id_: str, reason: str) -> BrCodeInvalid:
        position = self.fields[id_].position if id_ in self.fields else None
        return BrCodeInvalid(field=f"{self.id}.{id_}", reason=reason, position=position)


def _strange(text: str) -> int | None:
    """The first character that may not be there, from 1."""
    return next((place for place, c in enumerate(text, start=1) if not " " <= c <= "~"), None)


def _check_frame(text: str, fields: dict[str, Field]) -> None:
    """What makes it a payment code of reais that arrived as it was sent."""
    if not text.startswith("000201"):
        raise BrCodeInvalid(field="00", reason="not_first", position=1)
    if text[-8:-4] != "6304":
        raise BrCodeInvalid(field="63", reason="not_last", position=max(1, len(text) - 7))
    if text[-4:].upper() != checksum(text[:-4]):
        raise BrCodeInvalid(field="63", reason="checksum", position=len(text) - 3)
    for id_ in ("52", "53", "58", "59", "60", "62"):
        if id_ not in fields:
            raise BrCodeInvalid(field=id_, reason="missing")
    for id_, only in (("53", {REAL}), ("58", {BRAZIL}), ("01", {MANY_USES, ONE_USE})):
        if id_ in fields and fields[id_].value not in only:
            raise BrCodeInvalid(field=id_, reason="value", position=fields[id_].position)


def _template(fields: dict[str, Field], places: range) -> _Template | None:
    """The first field of `places` that is PIX's; other arrangements may have theirs beside it."""
    for place in places:
        field = fields.get(str(place))
        if field and field.value[:18].lower() == f"0014{PIX}":
            inner = read_fields(field.value, within=field.id, position=field.position)
            return _Template(id=field.id, fields=inner)
    return None


def _value(fields: dict[str, Field], id_: str) -> str:
    return fields[id_].value if id_ in fields else ""


def _read_amount(field: Field | None) -> int | None:
    if field is None:
        return None
    found = AMOUNT.fullmatch(field.value) if len(field.value) <= 13 else None
    if not found:
        raise BrCodeInvalid(field="54", reason="amount", position=field.position)
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))


def _check_receiver(code: BrCode, receiver: _Template) -> None:
    if code.key and code.url:
        raise receiver.refused("25", "key_and_address")
    if not code.key and not code.url and not code.recurrence_url:
        raise receiver.refused("01", "missing")
    if code.key and not has_form_of_a_key(code.key):
        raise receiver.refused("01", "no_key")
    if code.url and not (len(code.url) <= LONGEST_URL and URL.fullmatch(code.url)):
        raise receiver.refused("25", "no_address")
    if code.agent and not AGENT.fullmatch(code.agent):
        raise receiver.refused("03", "no_agent")


def _check_values(code: BrCode, fields: dict[str, Field], *, more: dict[str, Field]) -> None:
    is_right = {
        "52": TRADE.fullmatch(code.trade),
        "59": len(code.name) <= LONGEST_NAME,
        "60": len(code.city) <= LONGEST_CITY,
        "61": not code.postal_code or POSTAL_CODE.fullmatch(code.postal_code),
    }
    for id_, right in is_right.items():
        if not right:
            raise BrCodeInvalid(field=id_, reason="value", position=fields[id_].position)
    if code.txid != UNSPECIFIED and not IN_A_STATIC_CODE.fullmatch(code.txid):
        raise BrCodeInvalid(field="62.05", reason="characters", position=more["05"].position)
