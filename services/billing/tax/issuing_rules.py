"""Which numbers with right check digits a country has never issued.

The check digits of 111.111.111-11 are right, and yet no one bears it. python-stdnum looks at form
and check digits; what an authority leaves out stands here. Numbers are without prefix.
"""

import re
from collections.abc import Callable

NOTHING = re.compile("(CHE)?0+(MVA|MWST|TVA|IVA|TPV)?")
"""Zeros throughout: their check digits hold in a dozen countries, and no one bears them.

But for Luxembourg's, which others publish as a right one, as they do the Spanish 00000000T.
"""


def could_be_issued(country: str, number: str) -> bool:
    """Whether the authority of `country` gives out numbers like this one.

    >>> could_be_issued("BR", "11111111111"), could_be_issued("BR", "11144477735")
    (False, True)
    """
    if country != "LU" and NOTHING.fullmatch(number):
        return False
    rule = RULES.get(country)
    return rule is None or rule(number)


def _is_issued_in_brazil(number: str) -> bool:
    """Receita Federal: a CPF or CNPJ of one digit repeated is refused."""
    return len(set(number)) > 1


def _is_issued_in_belgium(number: str) -> bool:
    """Crossroads Bank for Enterprises: from 0200.000.000 on, later from 1000.000.000 on."""
    return not number.startswith("00")


def _is_issued_in_estonia(number: str) -> bool:
    """A KMKR number begins with 10, as all do that were given out."""
    return number.startswith("10")


def _is_issued_in_france(number: str) -> bool:
    """After the key of two characters stands a SIREN, which is not zero."""
    return not number.endswith("000000000")


def _is_issued_in_poland(number: str) -> bool:
    """The code of the tax office, three digits: not from 0, and not 100, 200 and so on.

    As TNrNIP, the type of a NIP in the schemas of the Ministry of Finance (FA (3)), has it.
    """
    return number[0] != "0" and number[1:3] != "00"


def _is_issued_in_russia(number: str) -> bool:
    """Order ED-7-14/559@ of the tax service: it begins with the region's code, 01 to 99."""
    return not number.startswith("00")


def _is_issued_in_britain(number: str) -> bool:
    """HMRC: the remainder modulo 97 and the later one, less 55, each have ranges of their own.

    Of the seven digits before the check digits. Those of departments and health authorities
    (GD, HA) have no check digits.
    """
    if not number.isdigit():
        return True
    seven = int(number[:7])
    if _is_old_style(number):
        return 0 < seven < 100_000 or any(low <= seven <= high for low, high in RANGES_OF_OLD_STYLE)
    return seven > 1_000_000


RANGES_OF_OLD_STYLE = ((1_000_000, 9_490_000), (9_700_001, 9_990_000))


def _is_old_style(number: str) -> bool:
    weighted = sum(
        weight * int(digit) for weight, digit in zip(range(8, 1, -1), number, strict=False)
    )
    return (weighted + int(number[7:9])) % 97 == 0


RULES: dict[str, Callable[[str], bool]] = {
    "BE": _is_issued_in_belgium,
    "BR": _is_issued_in_brazil,
    "EE": _is_issued_in_estonia,
    "FR": _is_issued_in_france,
    "GB": _is_issued_in_britain,
    "PL": _is_issued_in_poland,
    "RU": _is_issued_in_russia,
    "XI": _is_issued_in_britain,
}
