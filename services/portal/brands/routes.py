"""The files around a page: the brand's colours and mark, and what all brands share."""

from starlette.responses import Response

from services.portal.brands.style import mark, style_sheet
from services.portal.browser.desk import desk_of
from services.portal.browser.pages import brand_of_request
from shared.http import Call, Rate, Router, Who

router = Router(tags=["files"])
A_WHILE = {"Cache-Control": "public, max-age=300", "Vary": "Host"}


@router.get("/brand.css", who=Who.PUBLIC, rate=Rate.INTERNAL, include_in_schema=False)
async def get_style(call: Call) -> Response:
    """The brand's colours, of the host that is asked."""
    brand = await brand_of_request(call)
    return Response(style_sheet(brand.accent_colour), media_type="text/css", headers=A_WHILE)


@router.get("/brand.svg", who=Who.PUBLIC, rate=Rate.INTERNAL, include_in_schema=False)
async def get_mark(call: Call) -> Response:
    """The brand's mark, of the host that is asked."""
    brand = await brand_of_request(call)
    picture = mark(brand.name, brand.accent_colour)
    return Response(picture, media_type="image/svg+xml", headers=A_WHILE)


@router.get("/assets/{version}/{name}", who=Who.PUBLIC, rate=Rate.INTERNAL, include_in_schema=False)
async def get_asset(version: str, name: str, call: Call) -> Response:
    """A file of Tabler, of htmx or of the portal itself."""
    return desk_of(call).assets.answer(call.request, version, name=name)
