"""Words, dates and money in the reader's language: gettext catalogues and Babel's CLDR data.

Messages are written in English in templates and code; a service translates them in
`<service>/locale/<locale>/LC_MESSAGES/messages.po`. The .po files are compiled in memory at start,
so no .mo file is committed or built. A language is named by its BCP 47 tag (`pt-BR`) everywhere but
in folder names, where it is gettext's locale (`pt_BR`).

    catalogues = Catalogues(Path(__file__).parent / "locale", default="en")
    portuguese = catalogues.for_language("pt-BR")
    portuguese.gettext("Invoice %(number)s", number="PON-2026-000001")
    portuguese.money(2990, "BRL")                        # R$ 29,90
    portuguese.install(environment)                      # one Jinja2 Environment per language

Amounts are integer minor units; dates are local dates; instants are aware.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import NullTranslations
from babel.support import Translations as GettextCatalogue
from jinja2 import Environment

from shared.money import format_money

MOST_LANGUAGES = 256
"""So many tags, known or not, a service remembers its choice for."""
_PHRASES = Path(__file__).parent / "locale"


@dataclass(frozen=True)
class Translations:
    """One language: its messages and its ways to write dates and money."""

    language: str
    locale: Locale
    catalogue: NullTranslations

    def gettext(self, message: str, /, **values: object) -> str:
        """`message` in this language with `%(name)s` filled in (a percent sign is written `%%`).

        A message without a translation stays English.
        """
        return self.catalogue.gettext(message) % values

    def ngettext(self, singular: str, plural: str, number: int, /, **values: object) -> str:
        """The plural form that this language has for `number`, which also fills `%(num)s`."""
        return self.catalogue.ngettext(singular, plural, number) % {
            "num": number,
            **values,
        }

    def pgettext(self, context: str, message: str, /, **values: object) -> str:
        """`message` as it is said in `context`, for a word that has two translations."""
        return str(self.catalogue.pgettext(context, message)) % values

    def day(self, value: date) -> str:
        """The language's shortest date with the whole year: 14/12/2026, Dec 14, 2026."""
        return _day(value, self.locale)

    def long_day(self, value: date) -> str:
        """A date with the month's name: 14 de dezembro de 2026, December 14, 2026."""
        return format_date(value, "long", locale=self.locale)

    def moment(self, value: datetime, time_zone: str) -> str:
        """An aware instant as date and time on the clocks of `time_zone` (IANA name)."""
        local = value.astimezone(ZoneInfo(time_zone))
        return f"{self.day(local.date())} {format_time(local.time(), 'short', locale=self.locale)}"

    def decimal(self, number: Decimal | str) -> str:
        """The number with this language's decimal sign: `2,9`."""
        return format_decimal(Decimal(number), locale=self.locale, decimal_quantization=False)

    def money(self, minor: int, currency: str) -> str:
        """An amount with its currency: R$ 1.234,50."""
        return format_money(minor, currency, locale=str(self.locale))

    def due_in_words(self, due_on: date, today: date) -> str:
        """How far off a due date is: due today, due in 3 days, was due 2 days ago."""
        days = (due_on - today).days
        if days == 0:
            return self.gettext("due today")
        if days == 1:
            return self.gettext("due tomorrow")
        if days == -1:
            return self.gettext("was due yesterday")
        if days > 0:
            return self.ngettext("due in %(num)s day", "due in %(num)s days", days)
        return self.ngettext("was due %(num)s day ago", "was due %(num)s days ago", -days)

    def install(self, environment: Environment) -> None:
        """Make `environment` speak this language.

        It gets `{% trans %}` and `gettext` in the new style (values are escaped where autoescape is
        on), the filters `day`, `long_day`, `moment(zone)`, `decimal`, `money(currency)` and
        `due_in_words(today)`, and the global `language` for the html tag.
        """
        environment.add_extension("jinja2.ext.i18n")
        environment.install_gettext_callables(  # type: ignore[attr-defined]
            self.catalogue.gettext,
            self.catalogue.ngettext,
            newstyle=True,
            pgettext=self.catalogue.pgettext,
            npgettext=self.catalogue.npgettext,
        )
        dates = (self.day, self.long_day, self.moment, self.due_in_words)
        filters = (*dates, self.decimal, self.money)
        environment.filters.update({method.__name__: method for method in filters})
        environment.globals["language"] = self.language


@lru_cache(maxsize=4096)
def _day(value: date, locale: Locale) -> str:
    has_short_year = "yy" in str(locale.date_formats["short"])
    return format_date(value, "medium" if has_short_year else "short", locale=locale)


class Catalogues:
    """Every language that a service has: its default and one per folder under `locale/`."""

    def __init__(self, folder: Path, default: str = "en") -> None:
        found = sorted(path.parent.parent.name for path in folder.glob("*/LC_MESSAGES/messages.po"))
        tags = dict.fromkeys([default, *(name.replace("_", "-") for name in found)])
        self.default = default
        self._by_language = {tag: _load(tag, folder) for tag in tags}
        self._chosen: dict[str, Translations] = {}

    @property
    def languages(self) -> tuple[str, ...]:
        """The tags that have a catalogue, the default first."""
        return tuple(self._by_language)

    def for_language(self, language: str) -> Translations:
        """The catalogue of `language`, else one of its primary language, else the default's."""
        known = self._chosen.get(language)
        if known is None:
            known = self.best([language])
            if len(self._chosen) < MOST_LANGUAGES:
                self._chosen[language] = known
        return known

    def best(self, wanted: Iterable[str]) -> Translations:
        """The first of `wanted` (best first) that there is a catalogue for, else the default.

        >>> from pathlib import Path
        >>> Catalogues(Path("shared/locale")).best(["de", "pt-PT"]).language
        'pt-BR'
        """
        known = {tag.lower(): tag for tag in reversed(self.languages)}
        primary = {tag.partition("-")[0]: name for tag, name in known.items()}
        for tag in (language.lower().replace("_", "-") for language in wanted):
            name = known.get(tag) or primary.get(tag.partition("-")[0])
            if name is not None:
                return self._by_language[name]
        return self._by_language[self.default]


def _load(tag: str, folder: Path) -> Translations:
    locale = Locale.parse(tag, sep="-")
    own = _compile(folder / str(locale) / "LC_MESSAGES" / "messages.po")
    phrases = _compile(_PHRASES / str(locale) / "LC_MESSAGES" / "messages.po")
    own.add_fallback(phrases)
    return Translations(language=tag, locale=locale, catalogue=own)


@cache
def _source(path: Path) -> bytes:
    with path.open("rb") as file:
        catalogue = read_po(file, abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    return compiled.getvalue()


def _compile(path: Path) -> NullTranslations:
    """The messages of a .po file; untranslated ones and a missing file read as the English text."""
    return GettextCatalogue(BytesIO(_source(path))) if path.exists() else NullTranslations()
