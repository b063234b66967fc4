"""Why something is so, in the words of one language: a pure telling of events.

Facts are text, written by their names: `..._on` and `day` as dates, `..._minor` as amounts,
`invoice` by the number of the invoice, other names as they are.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from re import compile as pattern
from typing import Any

from services.billing.why.codes import Code
from services.billing.why.happenings import ACTORS, HAPPENINGS
from services.billing.why.questions import Answered
from services.billing.why.sentences import GENERAL, SENTENCES, Sentence
from shared.contracts import billing
from shared.envelope import Envelope
from shared.i18n import Catalogues, Translations

CATALOGUES = Catalogues(Path(__file__).parent / "locale")
_BLANK = pattern(r"%\((\w+)\)s")
_BY_CODE: Mapping[str, Sentence] = dict[str, Sentence](SENTENCES)  # type: ignore[arg-type]


@dataclass(frozen=True, kw_only=True)
class Link:
    """One event of the chain, told; the newest is the first."""

    envelope: Envelope
    sentence: str
    actor: str


@dataclass(frozen=True, kw_only=True)
class Told:
    """`sentence` says why, `happened` what; `facts` as they are written in the language."""

    language: str
    sentence: str
    happened: str
    facts: dict[str, str]
    chain: list[Link]


@dataclass(frozen=True, kw_only=True)
class Teller:
    """One language, and the numbers of the account's invoices by their ids, as text."""

    words: Translations
    numbers: Mapping[str, str]

    def written(self, facts: Mapping[str, str], currency: str) -> dict[str, str]:
        """The facts as a reader of the language has them; what cannot be read stays as it is."""
        return {name: self._written(name, fact, currency=currency) for name, fact in facts.items()}

    def _written(self, name: str, fact: str, *, currency: str) -> str:
        try:
            if name.endswith("_on") or name == "day":
                return self.words.day(date.fromisoformat(fact))
            if name.endswith("_minor") and currency:
                return self.words.money(int(fact), currency)
        except ValueError:
            return fact
        return self.numbers.get(fact, fact) if name.endswith("invoice") else fact

    def say(self, sentence: Sentence, facts: Mapping[str, str], *, currency: str) -> str | None:
        """The sentence with its blanks filled in; None when a fact for one is not known."""
        written = self.written(facts, currency)
        count = _count(facts.get(sentence.count, "")) if sentence.many else 0
        if count is None:
            return None
        needed = set(_BLANK.findall(sentence.one)) - ({"num"} if sentence.many else set())
        if not needed <= written.keys():
            return None
        if sentence.many:
            return self.words.ngettext(sentence.one, sentence.many, count, **written)
        return self.words.gettext(sentence.one, **written)

    def link(self, envelope: Envelope) -> Link:
        """What happened, and who did it."""
        return Link(
            envelope=envelope, sentence=self._happened(envelope), actor=self.actor(envelope.actor)
        )

    def actor(self, actor: str) -> str:
        """Who or what it was, without saying which person."""
        kind = actor.partition(":")[0]
        return self.words.gettext(ACTORS[kind].one) if kind in ACTORS else kind

    def _happened(self, envelope: Envelope) -> str:
        fields = fields_of(envelope.event)
        sentence = HAPPENINGS.get(type(envelope.event))
        said = sentence and self.say(sentence, fields, currency=fields.get("currency", ""))
        return said or envelope.type


def _count(fact: str) -> int | None:
    """How many; before or after makes no difference to the word."""
    digits = fact.removeprefix("-")
    return int(digits) if digits.isdecimal() else None


def fields_of(event: Any) -> dict[str, str]:
    """The plain fields of an event as facts: text by name."""
    fields = {name: getattr(event, name) for name in event.__struct_fields__}
    return {name: str(value) for name, value in fields.items() if isinstance(value, _PLAIN)}


_PLAIN = (str, int, date, datetime)


def tell(
    found: Answered, causes: Sequence[Envelope], *, history: Iterable[Envelope], language: str
) -> Told:
    """The answer in the account's language, else in English. `causes`: back to the first."""
    issued = [e.event for e in history if isinstance(e.event, billing.InvoiceIssued)]
    numbers = {str(each.invoice_id): each.number for each in issued}
    teller = Teller(words=CATALOGUES.for_language(language), numbers=numbers)
    chain = [teller.link(envelope) for envelope in (found.envelope, *causes)]
    currency = str(getattr(found.envelope.event, "currency", ""))
    return Told(
        language=teller.words.language,
        sentence=_because(found.why, teller, currency=currency) or chain[0].sentence,
        happened=found.subject or chain[0].sentence,
        facts=teller.written(found.why.facts, currency) if found.why else {},
        chain=chain,
    )


def _because(why: billing.Why | None, teller: Teller, *, currency: str) -> str | None:
    if why is None:
        return None
    sentence = _BY_CODE.get(why.rule)
    said = sentence and teller.say(sentence, why.facts, currency=currency)
    return said or teller.words.gettext(GENERAL.one, rule=why.rule)


def fact_names(code: Code) -> set[str]:
    """The facts that the sentence of a rule needs."""
    sentence = SENTENCES[code]
    counted = {sentence.count} if sentence.many else set()
    return (set(_BLANK.findall(sentence.one)) - {"num"}) | counted
