"""Pages from templates: one Jinja environment per language, strict about what a page is given."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.portal.browser.assets import Assets
from shared.clock import local_date
from shared.i18n import Catalogues, Translations

FOLDER = Path(__file__).parents[1] / "templates"


class PageTemplates:
    """Renders templates in any of the languages that there is a catalogue for."""

    def __init__(self, catalogues: Catalogues, assets: Assets) -> None:
        self.catalogues = catalogues
        self._assets = assets
        self._environments = {
            language: self._environment(catalogues.for_language(language))
            for language in catalogues.languages
        }

    def render(self, template: str, *, language: str, context: Mapping[str, Any]) -> str:
        """The page as HTML text."""
        return self._environments[language].get_template(template).render(context)

    def _environment(self, language: Translations) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        language.install(environment)
        environment.filters["said"] = lambda by_language: in_language(
            by_language, language.language
        )
        environment.filters["local_day"] = local_date
        environment.filters["sentence"] = lambda text: text[:1].upper() + text[1:]
        environment.globals["asset"] = self._assets.address
        return environment


def in_language(by_language: Mapping[str, Any], language: str) -> Any:
    """What is said in `language`, else in its primary language, else in the first one there is.

    >>> in_language({"pt-BR": "Início", "en": "Home"}, "en-GB")
    'Home'
    """
    if language in by_language:
        return by_language[language]
    primary = language.partition("-")[0]
    near = (text for tag, text in by_language.items() if tag.partition("-")[0] == primary)
    return next(near, next(iter(by_language.values()), ""))
