"""Addresses that nothing answers at: a page in the brand's look instead of a bare problem."""

from starlette.convertors import Convertor, register_url_convertor
from starlette.responses import Response

from services.portal.browser.pages import For, Pages
from services.portal.browser.refusals import NoSuchPage
from services.portal.browser.visit import Visit


class PagePath(Convertor[str]):
    """Any path but those of machines: the API, the files, and what every service answers."""

    regex = r"(?!api/|assets/|internal/|health/|metrics|live|\.well-known/).+"

    def convert(self, value: str) -> str:
        """The path as it is."""
        return value

    def to_string(self, value: str) -> str:
        """The path as it is."""
        return value


register_url_convertor("page", PagePath())
pages = Pages(For.ANYBODY)


@pages.get("/{path:page}")
async def get_unknown(visit: Visit, path: str) -> Response:
    """There is no such page."""
    raise NoSuchPage()
