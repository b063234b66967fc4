"""Why: every rule has its sentence in every language, and each sentence the facts that it needs."""

import ast
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from re import findall
from typing import get_args
from uuid import UUID

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from msgspec.structs import replace

import services.billing
from services.billing.forecast.foretelling import BETWEEN, BY_PEOPLE, HINDERED, ON_ITS_DAY, TO_COME
from services.billing.why import codes
from services.billing.why.codes import Code
from services.billing.why.happenings import ACTORS, HAPPENINGS, OF_THE_HOUSE
from services.billing.why.questions import Kind, QuestionMalformed, answered, question_of
from services.billing.why.sentences import GENERAL, SENTENCES, Sentence
from services.billing.why.telling import CATALOGUES, fact_names, tell
from shared.contracts import billing
from shared.contracts.event import PublicEvent, events_of
from shared.envelope import Envelope
from shared.errors import NotFound
from tests.billing.house import envelope_of

ROOT = Path(services.billing.__file__).parent
TABLES = (
    codes.OF_CHANGE,
    codes.OF_CREDIT_NOTE,
    codes.OF_END,
    codes.OF_ORDER_END,
    codes.OF_VOID_INVOICE,
)
LANGUAGES = ("es", "pl", "pt_BR", "ru")
ANA, INVOICE, SERVICE = UUID(int=1), UUID(int=2), UUID(int=3)
LINE = billing.InvoiceLine(
    kind="renewal",
    description="Início – ana.example",
    net_minor=2990,
    service_id=SERVICE,
    why=billing.Why(
        rule="renewal.period_due",
        policy_version="ponto:1",
        facts={"due_on": "2026-12-21", "days_before": "14"},
    ),
)
ISSUED = billing.InvoiceIssued(
    invoice_id=INVOICE,
    number="PON-2026-000042",
    order_id=None,
    issued_on=date(2026, 12, 7),
    due_on=date(2026, 12, 21),
    currency="BRL",
    lines=[LINE],
    total_minor=2990,
    billed_to_name="Ana",
    billed_to_address="",
    billed_to_tax_id="",
)
DAY = billing.BusinessDayStarted(day=date(2026, 12, 7))


# ------------------------------------------------------------------------------ codes


def used_codes() -> Iterator[tuple[str, str]]:
    """Each code that the program says why by, with the file that says it."""
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and node.value in get_args(Code):
                yield str(node.value), path.relative_to(ROOT).as_posix()


def test_every_code_is_used_by_the_program_and_has_a_sentence() -> None:
    known = set(get_args(Code))
    said_where = {"why/codes.py", "why/sentences.py"}
    in_tables = {code for table in TABLES for code in table.values()}
    used = {code for code, file in used_codes() if file not in said_where}
    assert used | in_tables == known == SENTENCES.keys()


def whys_made() -> Iterator[tuple[str, ast.expr]]:
    """Each place that makes a `Why` itself: the file, and what it gives as the rule."""
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Why":
                yield from ((path.name, w.value) for w in node.keywords if w.arg == "rule")


def test_a_why_is_never_made_with_a_code_that_is_not_known() -> None:
    made = list(whys_made())
    assert made
    for file, rule in made:
        # What is no constant is of the type `Code`, which the type checker looks at.
        is_known = isinstance(rule, ast.Constant) and rule.value in get_args(Code)
        assert is_known or file == "because.py"


def test_every_event_of_billing_says_what_happened_or_is_known_to_lead_to_nothing() -> None:
    assert HAPPENINGS.keys() | OF_THE_HOUSE == events_of("billing")
    assert not HAPPENINGS.keys() & OF_THE_HOUSE


def test_every_event_of_billing_is_foretold_or_known_not_to_be() -> None:
    groups = (frozenset(TO_COME), BETWEEN, BY_PEOPLE)
    assert frozenset[type[PublicEvent]]().union(*groups) == events_of("billing")
    assert sum(map(len, groups)) == len(events_of("billing"))


@pytest.mark.parametrize("event", HAPPENINGS, ids=lambda event: event.__name__)
def test_what_happened_is_said_with_fields_of_the_event(event: type[PublicEvent]) -> None:
    fields = set(event.__struct_fields__)
    blanks = set(findall(r"%\((\w+)\)s", HAPPENINGS[event].one))
    assert blanks <= fields
    if any(name.endswith("_minor") for name in blanks):
        assert "currency" in fields


# ------------------------------------------------------------------------------ catalogues


def catalogue(language: str) -> Catalog:
    path = ROOT / "why" / "locale" / language / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def wanted() -> set[str | tuple[str, str]]:
    to_come = [sentence for _, sentence in TO_COME.values()]
    known = [GENERAL, HINDERED, ON_ITS_DAY, *SENTENCES.values(), *HAPPENINGS.values()]
    sentences = [*known, *to_come, *ACTORS.values()]
    return {(each.one, each.many) if each.many else each.one for each in sentences}


def test_there_is_a_catalogue_for_each_language_of_the_brands() -> None:
    assert CATALOGUES.languages == ("en", "es", "pl", "pt-BR", "ru")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_translated_and_no_other(language: str) -> None:
    messages = [message for message in catalogue(language) if message.id]
    assert {m.id if isinstance(m.id, str) else tuple(m.id) for m in messages} == wanted()
    for message in messages:
        forms = [message.string] if isinstance(message.string, str) else list(message.string or ())
        assert all(forms) and not message.fuzzy, message.id
        first = message.id if isinstance(message.id, str) else message.id[0]
        blanks = set(findall(r"%\((\w+)\)s", first))
        for form in forms:
            assert set(findall(r"%\((\w+)\)s", form)) == blanks, form


@pytest.mark.parametrize("language", LANGUAGES)
def test_counted_sentences_have_as_many_forms_as_the_language(language: str) -> None:
    found = catalogue(language)
    for message in found:
        if message.id and not isinstance(message.id, str):
            assert len(message.string or ()) == found.num_plurals, message.id


@pytest.mark.parametrize(
    ("days", "ending"),
    [(1, "день после срока"), (3, "дня после срока"), (5, "дней после срока"), (21, "день после")],
)
def test_russian_counts_days_in_three_forms(days: int, ending: str) -> None:
    facts = {"invoice": "V-1", "due_on": "2026-12-21", "days": str(days)}
    why = billing.Why(rule="suspension.overdue", facts=facts)
    assert ending in told(why, "ru")


# ------------------------------------------------------------------------------ telling


def happened(*events: PublicEvent) -> list[Envelope]:
    """The account's history; each event is caused by the one before."""
    history: list[Envelope] = []
    for event in events:
        account_id = None if isinstance(event, billing.BusinessDayStarted) else ANA
        envelope = envelope_of(event, account_id=account_id)
        cause = history[-1].id if history else None
        history.append(replace(envelope, causation_id=cause, actor="automation:issue_renewals"))
    return history


def told(why: billing.Why, language: str) -> str:
    history = happened(DAY, replace(ISSUED, lines=[replace(LINE, why=why)]))
    found = answered(question_of(Kind.LINE, f"{INVOICE}.0"), history)
    return tell(found, [], history=history, language=language).sentence


def test_an_invoice_line_is_explained_in_portuguese_back_to_the_beginning_of_the_day() -> None:
    history = happened(DAY, ISSUED)
    found = answered(question_of(Kind.LINE, f"{INVOICE}.0"), history)
    answer = tell(found, [history[0]], history=history, language="pt-BR")
    assert answer.sentence == (
        "O próximo período do serviço começa em 21/12/2026; ele é faturado 14 dias antes."
    )
    assert answer.happened == "Início – ana.example"
    assert answer.facts == {"due_on": "21/12/2026", "days_before": "14"}
    assert [link.sentence for link in answer.chain] == [
        "A fatura PON-2026-000042 de R$\xa029,90 foi emitida, com vencimento em 21/12/2026.",
        "Começou a rotina do dia 07/12/2026.",
    ]
    assert {link.actor for link in answer.chain} == {"a rotina diária"}


def test_an_invoice_among_the_facts_is_named_by_its_number() -> None:
    why = billing.Why(rule="renewal.paid", facts={"invoice": str(INVOICE)})
    assert told(why, "en") == "Invoice PON-2026-000042 was paid, so the next period follows."


def test_a_language_that_nobody_knows_is_answered_in_english() -> None:
    assert told(billing.Why(rule="draft.issued"), "hu") == "Our staff prepared this invoice."


def test_what_lacks_the_facts_of_its_sentence_is_told_by_its_rule() -> None:
    older = billing.Why(rule="renewal.period_due", facts={"due_on": "2026-12-21"})
    assert told(older, "en") == "This follows from the rule “renewal.period_due”."
    unknown = billing.Why(rule="of.another.time")
    assert told(unknown, "pl") == "Wynika to z reguły „of.another.time”."


@pytest.mark.parametrize("code", SENTENCES)
@pytest.mark.parametrize("language", ["en", *LANGUAGES])
def test_each_rule_is_told_whole_when_its_facts_are_there(code: Code, language: str) -> None:
    facts = {name: _some(name) for name in fact_names(code)}
    sentence = told(billing.Why(rule=code, facts=facts), language)
    assert "%(" not in sentence and code not in sentence


def _some(name: str) -> str:
    if name.endswith("_on"):
        return "2026-12-21"
    return "5" if name in {each.count for each in SENTENCES.values()} else "700"


def test_a_sentence_with_a_count_names_the_fact_that_is_counted() -> None:
    for sentence in (*SENTENCES.values(), *HAPPENINGS.values()):
        assert isinstance(sentence, Sentence)
        assert bool(sentence.many) == bool(sentence.count) == ("%(num)s" in sentence.one)


# ------------------------------------------------------------------------------ questions


@pytest.mark.parametrize(
    ("kind", "id"),
    [
        (Kind.LINE, str(INVOICE)),
        (Kind.LINE, f"{INVOICE}.-1"),
        (Kind.LINE, f"{INVOICE}.٣"),
        (Kind.LINE, "nonsense.0"),
        (Kind.SERVICE, f"{SERVICE}.0"),
        (Kind.EVENT, "1"),
    ],
)
def test_an_id_that_does_not_fit_its_kind_is_refused(kind: Kind, id: str) -> None:
    with pytest.raises(QuestionMalformed):
        question_of(kind, id)


def test_a_fee_is_found_by_its_own_invoice_and_by_the_one_that_it_is_for() -> None:
    late = UUID(int=9)
    line = billing.InvoiceLine(kind="late_fee", description="Multa", net_minor=700)
    history = happened(DAY, replace(ISSUED, lines=[line], about_invoice_id=late))
    for id in (INVOICE, late):
        assert answered(question_of(Kind.FEE, str(id)), history).subject == "Multa"
    with pytest.raises(NotFound):
        answered(question_of(Kind.FEE, str(SERVICE)), history)


def test_a_service_is_explained_by_its_latest_state() -> None:
    why = billing.Why(rule="suspension.paid")
    suspended = billing.ServiceSuspended(
        service_id=SERVICE, reason="overdue", suspended_on=date(2026, 12, 26)
    )
    lifted = billing.ServiceUnsuspended(
        service_id=SERVICE, unsuspended_on=date(2026, 12, 27), why=why
    )
    history = happened(DAY, suspended, lifted)
    assert answered(question_of(Kind.SERVICE, str(SERVICE)), history).why == why


def test_an_event_is_asked_for_by_its_kind() -> None:
    history = happened(DAY, ISSUED)
    assert answered(question_of(Kind.EVENT, str(history[1].id)), history).envelope is history[1]
    with pytest.raises(NotFound):
        answered(question_of(Kind.NOTICE, str(history[1].id)), history)


def test_a_line_that_the_invoice_does_not_have_is_not_found() -> None:
    with pytest.raises(NotFound):
        answered(question_of(Kind.LINE, f"{INVOICE}.1"), happened(DAY, ISSUED))
