"""Tax numbers: read as people write them, verified by the rules of their country, in one form.

Verified means: form and check digits are right, by python-stdnum and `issuing_rules`. Whether the
number is registered to this client only the authority knows; nobody is asked.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from stdnum import get_cc_module
from stdnum.br import cnpj, cpf
from stdnum.ch import uid
from stdnum.ch import vat as swiss_vat
from stdnum.cr import cpf as cedula_fisica
from stdnum.cr import cpj as cedula_juridica
from stdnum.cr import cr as dimex
from stdnum.do import cedula, rnc
from stdnum.eu import oss
from stdnum.exceptions import ValidationError
from stdnum.fr import siren, siret
from stdnum.gb import vat as british_vat
from stdnum.il import hp, idnr
from stdnum.md import idno
from stdnum.no import mva, orgnr
from stdnum.se import orgnr as swedish_orgnr
from stdnum.th import tin as thai_tin
from stdnum.tr import tckimlik, vkn
from stdnum.ua import edrpou, rntrc
from stdnum.us import ein
from stdnum.za import tin as south_african_tin

from services.billing.tax.issuing_rules import could_be_issued
from services.billing.tax.places import MEMBER_STATES, SPELLINGS, VAT_PREFIXES, iso_country
from shared.errors import Invalid

LONGEST = 40
SEPARATORS = re.compile(r"[\s.,:/()_\u00b0\u00ba\u2116\u2010-\u2015\u2212-]+")
CHARACTERS = re.compile(r"[0-9A-Z&Ñ+*]+")
LABEL = re.compile(
    "N?(?:VAT|TAX|TIN|CNPJ(?:MF)?|CPF|NIP|ИНН(?:КПП)?|INN|UST|UID|MWST|TVA|SIREN|SIRET|NIFIVA"
    "|NIFCIF|NIF|NIPC|NIE|DNI|CIF|P(?:ART(?:ITA)?)?IVA|IVA|BTW|KBO|BCE|CVR|MOMS|ORG|ALV|KMKR|PVN"
    "|PVM|OIB|DDV|DIČ|DIC|IČDPH|ICDPH|CUIT|CUI|AFM|ΑΦΜ|ДДС|УНП|ЄДРПОУ|RFC|RUT|NIT|RUC|RIF|RNC"
    "|GSTIN|GST|ABN|IRD|UEN|EIN|VKN)"
)
"""What a number is called at home, as people write it before the number: CNPJ, VAT, ИНН/КПП."""

NUMBER_WORD = re.compile("(?:REG)?(?:ID)?(?:NUMBER|NO|NR|N)?")
SHORT_DNI = re.compile("[1-9][0-9]{0,6}[A-Z]")
LONGER_FORMS = {
    "HU": re.compile("([0-9]{8})[1-5][0-9]{2}"),  # adószám: how VAT is owed, then the county
    "JP": re.compile("T([0-9]{13})"),  # a qualified invoice issuer's
    "RU": re.compile("([0-9]{10})[0-9]{4}[0-9A-Z]{2}[0-9]{3}"),  # ИНН/КПП of an organization
}
"""Forms at home in which more stands beside the number; it is not part of it, nor checked."""

ONE_STOP_SHOP = frozenset({"EU", "IM"})
"""Prefixes of sellers from outside the Union (Directive 2006/112/EC, Articles 362 and 369q)."""

PREFIXED = MEMBER_STATES | {"AD", "CH", "GB", "NO", "RS", "XI"} | ONE_STOP_SHOP
"""Where the prefix belongs to the number. XI is Northern Ireland; its numbers are British ones."""

PREFIX_IS_READ = PREFIXED | {"BR", "RU"}


class TaxIdInvalid(Invalid):
    """The tax number is not one that its country could have issued."""


class TaxIdNotVerifiable(Invalid):
    """No rule is known by which a tax number of this country could be verified."""


@dataclass(frozen=True, kw_only=True)
class TaxId:
    """A verified number. `kind`: cpf, cnpj, nip, inn, eu_vat or vat; `country`: ISO, XI, EU or IM.

    `number` has no separators and bears the prefix where it belongs to it: PL8567346215,
    EL094056437, CHE100416306MWST. A CPF, CNPJ or INN is bare.
    """

    kind: str
    country: str
    number: str

    @property
    def is_of_member_state(self) -> bool:
        """Whether a business of another member state can be known by it (Article 214)."""
        return self.country in MEMBER_STATES


def verify_tax_id(text: str, *, country: str) -> TaxId:
    """The number behind `text`, of a client in `country`; a prefix goes before the country.

    Upper and lower case, spaces and punctuation between do not matter, nor what the number is
    called (`CNPJ`, `VAT no.`) before it; digits of other scripts are refused. A French SIREN or
    SIRET and a Swedish organisation's number become the VAT number that follows from them.
    Errors: TaxIdInvalid, TaxIdNotVerifiable; neither repeats the number.

    >>> verify_tax_id("390.533.447-05", country="BR")
    TaxId(kind='cpf', country='BR', number='39053344705')
    >>> verify_tax_id("856-734-62-15", country="PL").number
    'PL8567346215'
    >>> verify_tax_id("GR 094056437", country="DE").number
    'EL094056437'
    >>> verify_tax_id("SIREN 732 829 320", country="FR").number
    'FR44732829320'
    """
    home = iso_country(country)
    for place, number in _readings(_without_separators(text), home):
        if verified := _verified(place, number):
            return TaxId(kind=_kind(place, verified), country=place, number=verified)
    if not _checks(home):
        raise TaxIdNotVerifiable(field="tax_id", country=home)
    raise TaxIdInvalid(field="tax_id", country=home)


def _without_separators(text: str) -> str:
    """Capital letters and digits alone. Length is looked at first: the text is a stranger's."""
    if len(text) > LONGEST:
        raise TaxIdInvalid(field="tax_id")
    written = SEPARATORS.sub("", text).upper()
    if not CHARACTERS.fullmatch(LABEL.sub("", written, count=1)):
        raise TaxIdInvalid(field="tax_id")
    return written


def _readings(written: str, home: str) -> Iterator[tuple[str, str]]:
    """Country and number without prefix, for each way to read it."""
    for number in _with_and_without_label(written):
        place = SPELLINGS.get(number[:2], number[:2])
        if place in PREFIX_IS_READ or place == home:
            yield place, number[2:]
        yield home, number
        if vat_number := _vat_number_from(number, home):
            yield home, vat_number


def _with_and_without_label(written: str) -> Iterator[str]:
    yield written
    if label := LABEL.match(written):
        yield written[label.end() :]
        yield NUMBER_WORD.sub("", written[label.end() :], count=1)


def _vat_number_from(number: str, home: str) -> str | None:
    """The VAT number that a number of another register determines, if it is one.

    Bare ones alone: after a prefix stands a VAT number, and a shorter one lacks something. An
    organisation in Sweden is told by its third digit, where a person's number has the month.
    """
    if home == "FR" and siren.is_valid(number):
        return siren.to_tva(number)
    if home == "FR" and siret.is_valid(number):
        return siret.to_tva(number)
    if home == "SE" and swedish_orgnr.is_valid(number) and number[2] >= "2":
        return number + "01"
    return None


class _Check(Protocol):
    def validate(self, number: str) -> str: ...


OWN_CHECKS: dict[str, tuple[_Check, ...]] = {
    "BR": (cpf, cnpj),
    "CR": (cedula_juridica, cedula_fisica, dimex),
    "DO": (rnc, cedula),
    "IL": (hp, idnr),
    "MD": (idno,),
    "TH": (thai_tin,),
    "TR": (vkn, tckimlik),
    "UA": (edrpou, rntrc),
    "US": (ein,),
    "ZA": (south_african_tin,),
    "NO": (mva, orgnr),  # the suffix MVA tells who is registered for VAT
    "CH": (swiss_vat, uid),  # so do MWST, TVA, IVA
    "EU": (oss,),
    "IM": (oss,),
    "XI": (british_vat,),
}


@cache
def _checks(country: str) -> tuple[_Check, ...]:
    """The rules by which a country's numbers are checked; none for one that is not known."""
    if country in OWN_CHECKS or not re.fullmatch("[A-Z]{2}", country):
        return OWN_CHECKS.get(country, ())
    module = get_cc_module(country, "vat")
    return (module,) if module else ()


def _verified(country: str, number: str) -> str | None:
    """The number in its one form, or None."""
    for check in _checks(country):
        try:
            bare = check.validate(_as_the_check_reads_it(country, number))
        except ValidationError:
            continue
        if could_be_issued(country, bare):
            return _in_one_form(country, bare)
    return None


def _as_the_check_reads_it(country: str, number: str) -> str:
    """The number alone, a DNI with the zeros that people leave out, and where wanted the prefix.

    These three want the prefix, which elsewhere a check ignores or refuses.
    """
    longer = LONGER_FORMS.get(country)
    if longer and (found := longer.fullmatch(number)):
        return found[1]
    if country == "ES" and SHORT_DNI.fullmatch(number):
        return number.zfill(len("03157928M"))
    if country == "CH" and number[:1].isdigit():
        number = "E" + number
    wants_prefix = country in {"CH", *ONE_STOP_SHOP} and not number.startswith(country)
    return country + number if wants_prefix else number


def _in_one_form(country: str, bare: str) -> str:
    prefix = VAT_PREFIXES.get(country, country) if country in PREFIXED else ""
    return bare if bare.startswith(prefix) else prefix + bare


def _kind(country: str, number: str) -> str:
    match country:
        case "BR":
            return "cpf" if len(number) == len("39053344705") else "cnpj"
        case "PL":
            return "nip"
        case "RU":
            return "inn"
        case _:
            return "eu_vat" if country in MEMBER_STATES else "vat"
