"""A paper in words: texts, ready for the page. What the templates are given and all they know.

Every value is text in the reader's language, its amounts and dates written out. The templates put
it where it belongs and never read it as markup.
"""

from datetime import date

import msgspec


class Fact(msgspec.Struct, frozen=True):
    """A label and its value; `strong` for what the eye should find first."""

    label: str
    value: str
    strong: bool = False


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """A party, or an account to transfer to: under a label a name, lines and labelled facts."""

    label: str
    name: str
    lines: list[str] = []
    facts: list[Fact] = []


class Cell(msgspec.Struct, frozen=True):
    """A text, with a smaller one below it."""

    text: str
    below: str = ""


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """Rows under headings. `widths`: "wide" takes what is left, "auto" what it needs; the first
    column is to the left, all others are to the right."""

    name: str
    heads: list[str]
    rows: list[list[Cell]]


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """An SVG, what it shows in words, and the text that can be copied instead."""

    svg: str
    says: str
    heading: str = ""
    hint: str = ""
    text: str = ""


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """What every paper has. `page`: "Page {page} of {pages}" in the reader's language.

    `region` is the country of the language's form, or empty; `day` the paper's own date.
    """

    template: str
    language: str
    region: str
    title: str
    subject: str
    house: str
    accent: str
    day: date
    page: str
    contact: str = ""


class Letter(Sheet, frozen=True, kw_only=True):
    """An invoice, a credit note or a receipt."""

    heading: str
    number: str
    badge: str = ""
    badge_tone: str = "plain"
    amount: Fact | None = None
    facts: list[Fact] = []
    parties: list[Block] = []
    lines: Table | None = None
    totals: list[Fact] = []
    taxes: Table | None = None
    notes: list[str] = []
    advice_heading: str = ""
    accounts: list[Block] = []
    picture: Picture | None = None


class Slip(Sheet, frozen=True, kw_only=True):
    """A boleto: the fields of both its parts by name, as the template asks for them."""

    fields: dict[str, Fact]
    words: dict[str, str]
    instructions: list[str]
    bank_code: str
    bank_name: str
    typeable_line: str
    barcode: Picture
    picture: Picture | None = None
