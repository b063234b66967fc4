"""Fields of a BR Code: two digits of identity, two of length, then as many characters.

Source: EMV QR Code Specification for Payment Systems, Merchant-Presented Mode, 3.2 and 4.7.3;
Banco Central, Manual de Padrões para Iniciação do Pix (BR Code). Positions are counted from 1.
"""

import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass

from shared.errors import Invalid

LONGEST_VALUE = 99
PRINTABLE = re.compile(r"[\x20-\x7e]*")
TWO_DIGITS = re.compile(r"[0-9]{2}")


class BrCodeInvalid(Invalid):
    """The PIX code is not one that a payer's bank would take."""


@dataclass(frozen=True, slots=True)
class Field:
    """What a field holds, and where its value begins."""

    id: str
    value: str
    position: int


def write_fields(fields: Iterable[tuple[str, str]]) -> str:
    """The fields one after the other; those without a value are left out.

    Errors: BrCodeInvalid for a value of more than 99 characters or of others than ASCII's.

    >>> write_fields([("00", "01"), ("01", ""), ("59", "Fulano de Tal")])
    '0002015913Fulano de Tal'
    """
    return "".join(_written(id_, value) for id_, value in fields if value)


def _written(id_: str, value: str) -> str:
    if len(value) > LONGEST_VALUE or not PRINTABLE.fullmatch(value):
        raise BrCodeInvalid(field=id_, reason="length_or_characters")
    return f"{id_}{len(value):02}{value}"


def read_fields(text: str, *, within: str = "", position: int = 1) -> dict[str, Field]:
    """The fields of `text` by their identity; `within` names the field that they are part of.

    Errors: BrCodeInvalid, whose facts name the field and the position where reading stopped.
    """
    found: dict[str, Field] = {}
    place = 0
    while place < len(text):
        id_, length = text[place : place + 2], text[place + 2 : place + 4]
        name = f"{within}.{id_}" if within else id_
        if not TWO_DIGITS.fullmatch(id_) or not TWO_DIGITS.fullmatch(length):
            raise BrCodeInvalid(field=name, reason="no_field", position=position + place)
        value = text[place + 4 : place + 4 + int(length)]
        if len(value) != int(length) or not value:
            raise BrCodeInvalid(field=name, reason="length", position=position + place + 2)
        if id_ in found:
            raise BrCodeInvalid(field=name, reason="twice", position=position + place)
        found[id_] = Field(id=id_, value=value, position=position + place + 4)
        place += 4 + len(value)
    return found


def checksum(text: str) -> str:
    """CRC-16/CCITT-FALSE (polynomial 1021, from FFFF) of all before it, `6304` included.

    Source: ISO/IEC 13239, as EMV MPM 4.7.3 uses it.

    >>> checksum("123456789")
    '29B1'
    """
    return f"{binascii.crc_hqx(text.encode('ascii'), 0xFFFF):04X}"
