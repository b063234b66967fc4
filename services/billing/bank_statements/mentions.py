"""Numbers of invoices in what people write: with other separators, without zeros, several at once.

A text and a number are both cut into runs of letters and runs of figures; what stands between does
not count, nor do capitals and accents.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from uuid import UUID

from services.billing.payments.allocation import OpenInvoice


class Likeness(IntEnum):
    """How a text names an invoice, as points; below `CERTAIN` it may mean something else."""

    FIGURES = 30
    """The last part by its value, three figures or more: 417 for PON-2026-000417."""
    PADDED = 60
    """The last part as it is written, five figures or more (000417), or a very short number.

    Four figures are rather a year, unless the first is a zero.
    """
    ANNOUNCED = 65
    """The last part after a word for an invoice: invoice no. 417."""
    WITHOUT_PREFIX = 70
    """2026-000417, or a number of figures alone that is cut elsewhere."""
    CONTINUED = 105
    """000418 right after PON-2026-000417."""
    WITHOUT_ZEROS = 110
    """PON 2026 417."""
    IN_FULL = 120
    """PON-2026-000417, PON2026000417, pon 2026 00 0417."""


CERTAIN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class PayableInvoice:
    """An invoice and who owes it, or a top-up and who wants it.

    One without an open part helps to know a second payment.
    """

    account_id: UUID
    invoice: OpenInvoice


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A place of the text that names an invoice, or one of several that it fits alike."""

    text: str
    likeness: Likeness
    invoices: tuple[PayableInvoice, ...]


_RUN = re.compile(r"[0-9]+|[^\W\d_]+")
_MOST_RUNS = 12
_TEXT_CHARACTERS = 2000
_WORDS_FOR_INVOICE = """
    bill inv invoice fat fatura faturas fact factura facturas fra fv faktur faktura faktury re rg
    rgnr rnr rechnr rechnung rechnungen facture factuur sz szamla szamlaszam сч счет счета счету
    инвойс номер doc n no nr num numero number ref referencia
"""
_WORDS_FOR_AND = "a and e en es et i oraz u und y и"
_ANNOUNCING = frozenset(_WORDS_FOR_INVOICE.split())
_JOINING = frozenset(_WORDS_FOR_AND.split())


def plain(text: str) -> str:
    """Small letters without accents; figures of other scripts and widths as 0 to 9.

    >>> plain("Fatura Nº ２０２６/Ção")
    'fatura no 2026/cao'
    """
    spread = unicodedata.normalize("NFKD", text)
    return "".join(each for each in spread if not unicodedata.combining(each)).casefold()


def runs_of(text: str) -> list[str]:
    """The runs of letters and of figures of a text.

    >>> runs_of("Rg. PON-2026/000417")
    ['rg', 'pon', '2026', '000417']
    """
    return _RUN.findall(plain(text[:_TEXT_CHARACTERS]))


@dataclass(frozen=True, slots=True)
class _Key:
    """What a stretch of text can be equal to: letters and figures, or these without zeros."""

    form: str
    text: str


@dataclass(frozen=True, slots=True)
class _Place:
    """Runs `start` up to `end` of a text, named like this."""

    start: int
    end: int
    likeness: Likeness

    @property
    def runs(self) -> range:
        return range(self.start, self.end)


class NumberIndex:
    """Finds the invoices that a text names; made once for many texts."""

    def __init__(self, invoices: Iterable[PayableInvoice]) -> None:
        self._invoices: defaultdict[_Key, list[tuple[Likeness, PayableInvoice]]]
        self._invoices = defaultdict(list)
        for each in invoices:
            runs = runs_of(each.invoice.number)
            for key, likeness in _keys(runs) if _is_counted(each) else _in_full(runs):
                self._invoices[key].append((likeness, each))

    def mentions(self, text: str) -> list[Mention]:
        """What the text names, in its order. A place names what it is most like, and once."""
        return _Reading(runs_of(text), self).mentions()

    def like(self, key: _Key) -> list[tuple[Likeness, PayableInvoice]]:
        """What is registered under the key."""
        return self._invoices.get(key, [])


def _is_counted(payable: PayableInvoice) -> bool:
    """Whether its number is one of a series: what names a top-up has no part that tells it."""
    return payable.invoice.purpose == "invoice"


def _in_full(runs: list[str]) -> Iterator[tuple[_Key, Likeness]]:
    yield _together(runs), Likeness.IN_FULL


def _keys(runs: list[str]) -> Iterator[tuple[_Key, Likeness]]:
    """Under what an invoice of this number is found."""
    rest = _without_letters(runs)
    is_certain = len("".join(runs)) >= 5 and (rest != runs or len(runs) > 1)
    yield _together(runs), Likeness.IN_FULL if is_certain else Likeness.PADDED
    if len(runs) > 1:
        has_letters = any(not run.isdigit() for run in runs)
        yield _apart(runs), Likeness.WITHOUT_ZEROS if has_letters else Likeness.FIGURES
    if rest and rest != runs and len("".join(rest)) >= 5:
        yield _together(rest), Likeness.WITHOUT_PREFIX
    if runs and runs[-1].isdigit():
        last = runs[-1]
        yield _Key("announced", last.lstrip("0")), Likeness.ANNOUNCED
        if len(last) >= 5 or (len(last) == 4 and last.startswith("0")):
            yield _Key("padded", last), Likeness.PADDED
        if len(last.lstrip("0")) >= 3:
            yield _Key("value", last.lstrip("0")), Likeness.FIGURES


def _without_letters(runs: list[str]) -> list[str]:
    """The runs from the first one of figures on."""
    first = next((place for place, run in enumerate(runs) if run.isdigit()), len(runs))
    return runs[first:]


def _together(runs: Sequence[str]) -> _Key:
    return _Key("together", "".join(runs))


def _apart(runs: Sequence[str]) -> _Key:
    """Without the zeros before figures."""
    return _Key("apart", "|".join(run.lstrip("0") if run.isdigit() else run for run in runs))


class _Reading:
    """One text, and where it names invoices."""

    def __init__(self, runs: list[str], index: NumberIndex) -> None:
        self._runs = runs
        self._index = index
        self._taken: set[int] = set()

    def mentions(self) -> list[Mention]:
        found: dict[_Place, dict[UUID, PayableInvoice]] = defaultdict(dict)
        for place, invoice in self._found():
            found[place][invoice.invoice.invoice_id] = invoice
        best = sorted(found, key=lambda p: (-p.likeness, -len(p.runs), p.start))
        kept: list[tuple[_Place, Mention]] = []
        for place in best:
            if not self._taken & set(place.runs):
                self._taken.update(place.runs)
                mention = self._mention(place, found[place].values())
                kept += [(place, mention), *self._continued(place, mention)]
        return [mention for _, mention in sorted(kept, key=lambda pair: pair[0].start)]

    def _mention(self, place: _Place, invoices: Iterable[PayableInvoice]) -> Mention:
        return Mention(
            text=" ".join(self._runs[place.start : place.end]),
            likeness=place.likeness,
            invoices=tuple(
                sorted(invoices, key=lambda i: (i.invoice.number, i.invoice.invoice_id))
            ),
        )

    def _found(self) -> Iterator[tuple[_Place, PayableInvoice]]:
        for start in range(len(self._runs)):
            for end in range(start + 1, min(start + _MOST_RUNS, len(self._runs)) + 1):
                yield from self._stretch(start, end)
            yield from self._last_part(start)

    def _stretch(self, start: int, end: int) -> Iterator[tuple[_Place, PayableInvoice]]:
        runs = self._runs[start:end]
        for likeness, each in self._index.like(_together(runs)):
            own = runs_of(each.invoice.number)
            is_cut_elsewhere = len(runs) > len(own) and all(run.isdigit() for run in own)
            real = min(likeness, Likeness.WITHOUT_PREFIX) if is_cut_elsewhere else likeness
            yield _Place(start, end, real), each
        if len(runs) > 1:
            for likeness, each in self._index.like(_apart(runs)):
                yield _Place(start, end, likeness), each

    def _last_part(self, place: int) -> Iterator[tuple[_Place, PayableInvoice]]:
        run = self._runs[place]
        if not run.isdigit():
            return
        value = run.lstrip("0")
        keys = [_Key("padded", run), _Key("value", value)]
        if place and self._runs[place - 1] in _ANNOUNCING:
            keys.append(_Key("announced", value))
        for key in keys:
            for likeness, each in self._index.like(key):
                yield _Place(place, place + 1, likeness), each

    def _continued(self, place: _Place, mention: Mention) -> Iterator[tuple[_Place, Mention]]:
        """Last parts that follow a number: PON-2026-000417, 000418 and 000419."""
        if mention.likeness < CERTAIN or len(mention.invoices) != 1:
            return
        own = runs_of(mention.invoices[0].invoice.number)
        last = own[-1]
        if len(last) < 3 or not last.isdigit() or not self._runs[place.end - 1].isdigit():
            return
        for at in self._following(place.end, most=len(last)):
            end = self._runs[at]
            number = [*own[:-1], last[: -len(end)] + end]
            likely = [each for _, each in self._index.like(_together(number))]
            if not likely:
                return
            self._taken.add(at)
            followed = _Place(at, at + 1, Likeness.CONTINUED)
            yield followed, self._mention(followed, likely)

    def _following(self, start: int, *, most: int) -> Iterator[int]:
        """Where three figures or more stand, with nothing but a joining word between them."""
        for place in range(start, len(self._runs)):
            run = self._runs[place]
            if run in _JOINING:
                continue
            if place in self._taken or not run.isdigit() or not 3 <= len(run) <= most:
                return
            yield place
