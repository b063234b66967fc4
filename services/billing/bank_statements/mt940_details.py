"""The field :86: of MT940: each group of banks has a structure of its own for it.

German: `166?00text?20..?29 words?31 account?32 name`, with SEPA marks (EREF+, SVWZ+) in the words.
Polish: the same with another mark than `?`, and the IBAN in 38. Dutch: `/NAME/../REMI/../EREF/..`.
Some Polish banks: `od: ..; tyt.: ..`. What is none of these is words alone.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.billing.bank_statements.reading import account_number, joined
from services.billing.bank_statements.statement import Reference, telling_reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """Who is at the other end and what they wrote; "" and () where it does not say.

    `is_return`: a payment of ours came back, or one to us was taken back.
    """

    name: str = ""
    account: str = ""
    remittance: str = ""
    references: tuple[Reference, ...] = ()
    is_return: bool = False


_NUMBERED = re.compile(r"\s*\d{3}\s*([^\w\s/;,.-])(?=\d\d)")
_NUMBERED_MARK = re.compile(r"\s*([~^<@?])(?=00|20)")
_STROKES = re.compile(
    r"/(TRTP|TRCD|EREF|PREF|RREF|MARF|CSID|CNTP|IBAN|BIC|NAME|ADDR|REMI|USTD|STRD|ORDP|BENM|ULTD"
    r"|ULTC|ULTB|PURP|RTRN|ISDT|NRTX|SVCL|OCMT|CHGS|EXCH|SWCH|INIT|ID|BO|ORCR)(?=/)"
)
_MARKS = "EREF|KREF|MREF|CRED|DEBT|COAM|OAMT|SVWZ|ABWA|ABWE|ANAM|IBAN|BIC|RREF|PURP"
_SEPA = re.compile(rf"((?:{_MARKS})(?=\+)|(?<![A-Z])(?:{_MARKS})(?=: ))[+:]")
_LABELS = re.compile(
    r"(?:^|;)\s*(z rach\.|na rach\.|od|dla|tyt\.|TNR)\s*:\s*([^;]*)", re.IGNORECASE
)

_RETURNS = {"108", "109", "159"}
"""Codes of the DK for debits and transfers that come back (Geschaeftsvorfallcodes)."""

_FULL_LINE = 65
_FULL_SUBFIELD = 27


def details_of(lines: Sequence[str]) -> Details:
    """What the field says, by the structure that it shows.

    >>> details_of(["166?00GUTSCHRIFT?20EREF+A7?21SVWZ+Rechnung 417?31DE1?32ANA"]).remittance
    'Rechnung 417'
    >>> details_of(["/TRTP/SEPA/IBAN/NL1/NAME/J JANSEN/REMI/Factuur 417/EREF/A7"]).name
    'J JANSEN'
    """
    text = "".join(line.rstrip("\r") for line in lines)
    if found := _NUMBERED.match(text) or _NUMBERED_MARK.match(text):
        is_return = text.strip()[:3] in _RETURNS
        return _numbered(text[found.start(1) :], mark=found[1], is_return=is_return)
    whole = _unwrapped(lines)
    if _STROKES.match(whole):
        return _with_strokes(whole)
    labels = {label.lower(): value.strip() for label, value in _LABELS.findall(whole)}
    if labels.keys() & {"tyt.", "od", "dla"}:
        return _labelled(labels)
    remittance, references, name = _sepa(whole)
    return Details(name=name, remittance=remittance, references=references)


def _unwrapped(lines: Sequence[str]) -> str:
    """The lines as one text: one that fills its width goes on without a blank."""
    text = ""
    for number, line in enumerate(lines):
        width = len(line) + (len(":86:") if number == 0 else 0)
        text += line if width >= _FULL_LINE else line + " "
    return joined(text)


# ------------------------------------------------------------------------------ numbered subfields


def _numbered(text: str, *, mark: str, is_return: bool) -> Details:
    """German and Polish; the Polish use 60 to 63 for addresses, not for words."""
    subfields = dict(_subfields(text, mark))
    numbers = [*range(20, 30), *range(60, 64)] if mark == "?" else [*range(20, 29)]
    words = [subfields.get(f"{number:02d}", "") for number in numbers]
    remittance, references, other_name = _sepa(_refilled(words))
    name = _refilled([subfields.get("32", ""), subfields.get("33", "")])
    return Details(
        name=other_name or name,
        account=_account(subfields),
        remittance=remittance or joined(subfields.get("00", "")),
        references=references,
        is_return=is_return and mark == "?",
    )


def _subfields(text: str, mark: str) -> Iterator[tuple[str, str]]:
    """The number and the text of each; what follows a mark without a number is text."""
    for found in re.finditer(rf"{re.escape(mark)}(\d\d)(.*?)(?={re.escape(mark)}\d\d|$)", text):
        yield found[1], found[2]


def _refilled(words: Sequence[str]) -> str:
    """A subfield that is full goes on in the next without a blank."""
    filled = (word if len(word) >= _FULL_SUBFIELD else word + " " for word in words if word)
    return joined("".join(filled))


def _account(subfields: dict[str, str]) -> str:
    """The IBAN, else bank and account, which say little without one another."""
    number = account_number(subfields.get("38", "") or subfields.get("31", ""))
    bank = account_number(subfields.get("30", ""))
    is_whole = re.fullmatch(r"[A-Z]{2}\d{2}\w{6,30}|\d{20,}", number)
    return number if is_whole or not (bank and number) else f"{bank}/{number}"


def _sepa(text: str) -> tuple[str, tuple[Reference, ...], str]:
    """The words, the references and the name of another payer, by the marks of the DK."""
    marks = list(_SEPA.finditer(text))
    if not marks:
        return text, (), ""
    ends = [*(found.start() for found in marks[1:]), len(text)]
    values = {
        found[1]: text[found.end() : end].strip() for found, end in zip(marks, ends, strict=True)
    }
    before = text[: marks[0].start()].strip()
    kinds = {"EREF": "end_to_end", "KREF": "customer", "MREF": "mandate"}
    given = ((kind, telling_reference(values.get(name, ""))) for name, kind in kinds.items())
    references = tuple(Reference(kind=kind, value=value) for kind, value in given if value)
    return joined(before, values.get("SVWZ", "")), references, values.get("ABWA", "")


# ------------------------------------------------------------------------------ strokes and labels


def _with_strokes(text: str) -> Details:
    """Dutch. ING names the other end in one piece: /CNTP/account/BIC/name/city/."""
    marks = list(_STROKES.finditer(text))
    ends = [*(found.start() for found in marks[1:]), len(text)]
    values: dict[str, str] = {}
    for found, end in zip(marks, ends, strict=True):
        values.setdefault(found[1], text[found.end() : end].strip("/ "))
    account, _, name = [*values.get("CNTP", "").split("/"), "", "", ""][:3]
    words = (values.get(code, "") for code in ("REMI", "USTD"))
    structured = values.get("STRD", "").rpartition("/")[2]
    given = (("end_to_end", values.get("EREF", "")), ("creditor", structured))
    telling = ((kind, telling_reference(value.replace(" ", ""))) for kind, value in given)
    return Details(
        name=values.get("NAME", "") or name,
        account=account_number(values.get("IBAN", "") or account),
        remittance=joined(*words),
        references=tuple(Reference(kind=kind, value=value) for kind, value in telling if value),
    )


def _labelled(labels: dict[str, str]) -> Details:
    """Polish, in words: from or to which account, from or to whom, and what for."""
    return Details(
        name=labels.get("od", "") or labels.get("dla", ""),
        account=account_number(labels.get("z rach.", "") or labels.get("na rach.", "")),
        remittance=labels.get("tyt.", ""),
    )
