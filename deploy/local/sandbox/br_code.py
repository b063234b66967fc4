"""PIX codes as a PSP writes and a payer's bank reads them; it is another company's, so on its own.

Source: Banco Central, Manual de Padrões para Iniciação do Pix: two digits of identity, two of
length, the value; 26 is the receiver (01 key, 25 address), 54 the amount, 62.05 the txid.
"""

import binascii
from dataclasses import dataclass

PIX = "br.gov.bcb.pix"


class NoCode(ValueError):
    """The text is no PIX code that arrived as it was sent."""


@dataclass(frozen=True, kw_only=True)
class Code:
    """What a payer's bank needs: where the charge is, or key, amount (centavos) and txid."""

    url: str
    key: str
    amount_minor: int
    txid: str


def written(url: str, *, name: str, city: str) -> str:
    """The code of a charge at an address, to be paid once."""
    receiver = _field("00", PIX) + _field("25", url)
    text = _field("00", "01") + _field("01", "12") + _field("26", receiver) + _field("52", "0000")
    text += _field("53", "986") + _field("58", "BR") + _field("59", name) + _field("60", city)
    text += _field("62", _field("05", "***")) + "6304"
    return text + _checksum(text)


def read(text: str) -> Code:
    """What the code says. `NoCode` for anything else."""
    if not text.isascii() or len(text) < 8 or _checksum(text[:-4]) != text[-4:].upper():
        raise NoCode("the checksum is wrong")
    fields = _fields(text)
    receiver, more = _fields(fields.get("26", "")), _fields(fields.get("62", ""))
    if receiver.get("00", "").lower() != PIX:
        raise NoCode("it is no PIX code")
    return Code(
        url=receiver.get("25", ""),
        key=receiver.get("01", ""),
        amount_minor=_minor(fields.get("54", "0.00")),
        txid=more.get("05", ""),
    )


def _field(id_: str, value: str) -> str:
    return f"{id_}{len(value):02}{value}"


def _fields(text: str) -> dict[str, str]:
    found, place = {}, 0
    while place < len(text):
        length = text[place + 2 : place + 4]
        if not length.isdigit():
            raise NoCode("a field has no length")
        found[text[place : place + 2]] = text[place + 4 : place + 4 + int(length)]
        place += 4 + int(length)
    return found


def _minor(amount: str) -> int:
    whole, _, part = amount.partition(".")
    if not (whole + part).isdigit():
        raise NoCode("the amount is none")
    return int(whole) * 100 + int(part.ljust(2, "0"))


def _checksum(text: str) -> str:
    return f"{binascii.crc_hqx(text.encode(), 0xFFFF):04X}"
