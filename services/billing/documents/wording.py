"""What the words of all papers share: the language, parties, dates, amounts and rates in it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from babel.numbers import format_percent

from services.billing.documents.paper import BankAccount, House, Party
from services.billing.documents.printable import printable, printable_lines
from services.billing.documents.sheet import Block, Fact
from shared.i18n import Catalogues, Translations

CATALOGUES = Catalogues(Path(__file__).parent / "locale")
MINUS = "\N{MINUS SIGN}"

OWN_NAMES = {"BR": "CPF/CNPJ", "PL": "NIP", "RU": "ИНН", "ES": "NIF", "HU": "Adószám"}
"""What a country calls its tax numbers, in every language."""
CPF_DIGITS = 11

BANK_WORDS = {
    "bank": "Bank",
    "branch": "Branch",
    "account": "Account",
    "beneficiary": "Beneficiary",
    "tax_id": "Tax number",
    "iban": "IBAN",
    "swift": "SWIFT/BIC",
    "bic": "SWIFT/BIC",
}
"""What brands call the parts of a bank account -> the message; others are printed as they are."""


@dataclass(frozen=True)
class Wording:
    """One language, writing for paper: every text can be printed as it comes out of here."""

    words: Translations
    currency: str = ""

    @classmethod
    def of(cls, language: str, currency: str = "") -> "Wording":
        """The language's, else English."""
        return cls(CATALOGUES.for_language(language), currency)

    @property
    def language(self) -> str:
        """Two or three letters, as in ISO 639."""
        return self.words.locale.language

    @property
    def region(self) -> str:
        """Of the language's form: BR, or nothing."""
        return self.words.locale.territory or ""

    def say(self, message: str, **values: object) -> str:
        """The message in this language, with values that may be a stranger's text."""
        return printable(self.words.gettext(message, **values))

    def day(self, value: date) -> str:
        """A date in figures, or with a short month where the language writes no others."""
        return printable(self.words.day(value))

    def money(self, minor: int) -> str:
        """An amount with its currency; below zero with a real minus sign in front."""
        text = printable(self.words.money(abs(minor), self.currency))
        return f"{MINUS}{text}" if minor < 0 else text

    def rate(self, percent: Decimal) -> str:
        """A rate as the language writes it: 2.9%, 2,9%, 23 % in Spanish and Russian."""
        written = format_percent(
            percent / 100, locale=self.words.locale, decimal_quantization=False
        )
        return printable(written)

    def number(self, number: Decimal) -> str:
        """A quantity without zeros that say nothing."""
        return printable(self.words.decimal(number.normalize() + 0))

    def fact(self, message: str, value: str) -> Fact:
        """A labelled value; both can be printed."""
        return Fact(self.say(message), printable(value))

    def party(self, message: str, party: Party) -> Block:
        """A party under the label `message`, its country written out."""
        lines = [line for text in party.address for line in printable_lines(text)]
        if lines and lines[-1].upper() == lines[-1] and len(lines[-1]) == 2:
            lines[-1] = self.words.locale.territories.get(lines[-1], lines[-1])
        facts = [self._tax_number(party)] if party.tax_id.strip() else []
        return Block(label=self.say(message), name=printable(party.name), lines=lines, facts=facts)

    def account(self, account: BankAccount) -> Block:
        """A bank account with its parts, in the brand's order."""
        facts = [self._part(name, value) for name, value in account.details]
        return Block(label="", name=printable(account.label), facts=facts)

    def page(self) -> str:
        """Which page it is, with places for the two numbers."""
        return self.say("Page %(page)s of %(pages)s", page="{page}", pages="{pages}")

    def _part(self, name: str, value: str) -> Fact:
        known = BANK_WORDS.get(name.lower())
        return Fact(self.say(known) if known else printable(name), printable(value))

    def _tax_number(self, party: Party) -> Fact:
        name = tax_number_name(party)
        return Fact(name or self.say("Tax number"), printable(party.tax_id))


def tax_number_name(party: Party) -> str:
    """What the party's country calls its tax number, or nothing where it is not known.

    >>> tax_number_name(Party(name="Ana", tax_id="529.982.247-25", country="BR"))
    'CPF'
    >>> tax_number_name(Party(name="Ewa", tax_id="PL5261040828", country="PL"))
    'NIP'
    """
    if party.country != "BR":
        return OWN_NAMES.get(party.country, "")
    digits = sum(character.isalnum() for character in party.tax_id)
    return "CPF" if digits == CPF_DIGITS else "CNPJ"


def sums(rows: Iterable[Fact | None]) -> list[Fact]:
    """The facts that there are."""
    return [row for row in rows if row is not None]


def house_facts(house: House, wording: Wording) -> dict[str, str]:
    """What each sheet says of whose it is."""
    return {
        "house": printable(house.name),
        "accent": house.accent_colour,
        "contact": printable(house.email),
        "language": wording.language,
        "region": wording.region,
        "page": wording.page(),
    }
