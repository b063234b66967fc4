"""Words, dates and money in the reader's language."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from jinja2 import Environment

from shared import i18n
from shared.i18n import Catalogues

PORTUGUESE = """
msgid ""
msgstr ""
"Language: pt_BR\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=2; plural=(n > 1);\\n"

msgid "Invoice %(number)s"
msgstr "Fatura %(number)s"

msgid "%(num)s invoice"
msgid_plural "%(num)s invoices"
msgstr[0] "%(num)s fatura"
msgstr[1] "%(num)s faturas"

msgctxt "button"
msgid "Order"
msgstr "Contratar"

msgid "Order"
msgstr "Pedido"

#, fuzzy
msgid "Half done"
msgstr "Feito pela metade"
"""
DUE = date(2026, 12, 14)


@pytest.fixture
def catalogues(tmp_path: Path) -> Catalogues:
    folder = tmp_path / "pt_BR" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "messages.po").write_text(PORTUGUESE, encoding="utf-8")
    return Catalogues(tmp_path, default="en")


def test_messages_are_said_in_the_readers_language(catalogues: Catalogues) -> None:
    assert catalogues.languages == ("en", "pt-BR")
    portuguese, english = catalogues.for_language("pt-BR"), catalogues.for_language("en")
    assert portuguese.gettext("Invoice %(number)s", number="PON-1") == "Fatura PON-1"
    assert english.gettext("Invoice %(number)s", number="PON-1") == "Invoice PON-1"
    assert portuguese.pgettext("button", "Order") == "Contratar"
    assert portuguese.gettext("Order") == "Pedido"


def test_plurals_follow_the_rule_of_the_language(catalogues: Catalogues) -> None:
    def said(language: str, number: int) -> str:
        words = catalogues.for_language(language)
        return words.ngettext("%(num)s invoice", "%(num)s invoices", number)

    assert [said("pt-BR", number) for number in (0, 1, 2)] == ["0 fatura", "1 fatura", "2 faturas"]
    assert [said("en", number) for number in (0, 1, 2)] == ["0 invoices", "1 invoice", "2 invoices"]


def test_what_is_not_translated_stays_english(catalogues: Catalogues) -> None:
    portuguese = catalogues.for_language("pt-BR")
    assert portuguese.gettext("Half done") == "Half done"
    assert portuguese.gettext("Never heard") == "Never heard"


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        (["pt-BR"], "pt-BR"),
        (["pt_br"], "pt-BR"),
        (["pt-PT"], "pt-BR"),
        (["de", "pt"], "pt-BR"),
        (["en-GB"], "en"),
        (["de"], "en"),
        ([], "en"),
    ],
)
def test_the_best_known_language_is_chosen(
    catalogues: Catalogues, wanted: list[str], chosen: str
) -> None:
    assert catalogues.best(wanted).language == chosen


@pytest.mark.parametrize(
    ("today", "portuguese", "english"),
    [
        (date(2026, 12, 11), "vence em 3 dias", "due in 3 days"),
        (date(2026, 12, 13), "vence amanhã", "due tomorrow"),
        (date(2026, 12, 14), "vence hoje", "due today"),
        (date(2026, 12, 15), "venceu ontem", "was due yesterday"),
        (date(2026, 12, 16), "venceu há 2 dias", "was due 2 days ago"),
    ],
)
def test_a_due_date_is_said_in_words(
    catalogues: Catalogues, today: date, portuguese: str, english: str
) -> None:
    assert catalogues.for_language("pt-BR").due_in_words(DUE, today) == portuguese
    assert catalogues.for_language("en").due_in_words(DUE, today) == english


def test_dates_and_money_are_written_as_the_reader_writes_them(catalogues: Catalogues) -> None:
    portuguese, english = catalogues.for_language("pt-BR"), catalogues.for_language("en")
    noon = datetime(2026, 12, 14, 15, 0, tzinfo=UTC)
    assert (portuguese.day(DUE), english.day(DUE)) == ("14/12/2026", "Dec 14, 2026")
    assert portuguese.long_day(DUE) == "14 de dezembro de 2026"
    assert portuguese.moment(noon, "America/Sao_Paulo") == "14/12/2026 12:00"
    assert portuguese.money(123456789, "BRL") == "R$\u00a01.234.567,89"
    assert english.money(-2990, "BRL") == "-R$29.90"


def test_templates_speak_the_language_and_escape_what_they_are_given(
    catalogues: Catalogues,
) -> None:
    environment = Environment(autoescape=True)
    catalogues.for_language("pt-BR").install(environment)
    page = environment.from_string(
        "{{ language }}: {% trans number=number %}Invoice {{ number }}{% endtrans %}"
        " {{ 2990 | money('BRL') }} {{ due | day }} {{ due | due_in_words(due) }}"
        " {{ pgettext('button', 'Order') }}"
    )
    assert page.render(number="<b>", due=DUE) == (
        "pt-BR: Fatura &lt;b&gt; R$\u00a029,90 14/12/2026 vence hoje Contratar"
    )


def test_the_shared_phrases_are_translated_in_every_language_that_has_them() -> None:
    shared = Catalogues(Path(i18n.__file__).parent / "locale", default="en")
    for language in shared.languages[1:]:
        words = shared.for_language(language)
        said = {words.due_in_words(DUE, date(2026, 12, day)) for day in range(10, 19)}
        assert not any("due" in phrase.split() for phrase in said)
