"""What contact data may look like: each function gives the normal form or raises `ValueError`.

A tax id is only bounded and tidied here: the country's own rules are checked when it is verified.
"""

import re
from functools import cache

from babel import Locale
from email_validator import EmailNotValidError, validate_email

PHONE = re.compile(r"\+?[0-9 ()\-]+")
PHONE_DIGITS = range(6, 16)
TAX_ID = re.compile(r"[0-9A-ZÑČΑΦΜА-ЯЄ&+*\s.,:/()_\u00b0\u00ba\u2116\u2010-\u2015\u2212-]+")
"""What numbers of all countries are made of, and what people and word processors put between.

Letters that are not Latin are those of a name before the number (ИНН, ΑΦΜ, DIČ).
"""

NOT_COUNTRIES = frozenset(
    {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"}
)
"""Two-letter codes of CLDR that ISO 3166-1 reserves or leaves to users."""


def normal_email(text: str) -> str:
    """The one form of an address, for sign-in, for limits and for mail: lower case, ASCII.

    Local parts are ASCII (RFC 5321), domains in Punycode (RFC 5891), so look-alikes stay apart.

    >>> normal_email("Ana.SOUZA@Bücher.example")
    'ana.souza@xn--bcher-kva.example'
    """
    try:
        address = validate_email(
            text, allow_smtputf8=False, check_deliverability=False, test_environment=True
        )
    except EmailNotValidError as error:
        raise ValueError("not an e-mail address") from error
    assert address.ascii_email is not None, "without SMTPUTF8 an address is ASCII"
    return address.ascii_email.lower()


def normal_phone(text: str) -> str:
    """Digits with `+`, blanks, brackets and hyphens; 6 to 15 digits (E.164).

    >>> normal_phone("+55 (11) 91234-5678")
    '+55 (11) 91234-5678'
    """
    digits = sum(character.isdigit() for character in text)
    if not PHONE.fullmatch(text) or digits not in PHONE_DIGITS:
        raise ValueError("not a telephone number")
    return text


def normal_tax_id(text: str) -> str:
    """Capital letters, digits and the usual separators; digits of other scripts are refused.

    >>> normal_tax_id("12.abc.345/01de-35"), normal_tax_id("be (0)468.561.072")
    ('12.ABC.345/01DE-35', 'BE (0)468.561.072')
    """
    tax_id = text.upper()
    if not TAX_ID.fullmatch(tax_id):
        raise ValueError("not a tax id")
    return tax_id


def country_code(text: str) -> str:
    """A country's code of ISO 3166-1 alpha-2, in capitals.

    >>> country_code("br")
    'BR'
    """
    code = text.upper()
    if code not in countries():
        raise ValueError("not a country")
    return code


@cache
def countries() -> frozenset[str]:
    """The countries of ISO 3166-1, by CLDR, and Kosovo's customary XK."""
    codes = {str(code) for code in Locale("en").territories}
    return frozenset(code for code in codes - NOT_COUNTRIES if re.fullmatch("[A-Z]{2}", code))
