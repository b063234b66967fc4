"""Reading the view of brands."""

from dataclasses import dataclass

from shared.database import Reads
from shared.errors import Invalid


class BrandUnknown(Invalid):
    """There is no such brand."""


class LanguageNotOffered(Invalid):
    """The brand does not speak this language."""


@dataclass(frozen=True, kw_only=True)
class Brand:
    """A hosting company."""

    slug: str
    name: str
    languages: list[str]
    default_language: str

    def check_language(self, language: str) -> None:
        """`LanguageNotOffered` unless it is one of the brand's, as a tag such as pt-BR."""
        if language not in self.languages:
            raise LanguageNotOffered(languages=self.languages)


async def brand_named(db: Reads, slug: str) -> Brand:
    """The brand, else `BrandUnknown`."""
    brand = await find_brand(db, slug)
    if brand is None:
        raise BrandUnknown()
    return brand


async def find_brand(db: Reads, slug: str) -> Brand | None:
    """The brand, if its settings have arrived here."""
    row = await db.fetchrow(
        "select slug, name, languages, default_language from brand where slug = $1", slug
    )
    return Brand(**row) if row else None
