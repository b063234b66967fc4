"""Where open pages listen for changes."""

from starlette.responses import Response

from services.portal.browser.pages import begin_visit
from services.portal.browser.refusals import SignInNeeded, StaffOnly
from services.portal.browser.seal import check_origin
from services.portal.browser.visit import Visit
from services.portal.live.hub import brand_topic
from services.portal.live.stream import LiveStream
from shared.http import Call, Router, Who

router = Router(tags=["live"])


@router.get("/live", who=Who.PUBLIC, include_in_schema=False)
async def get_live_of_account(call: Call) -> Response:
    """Changes of the signed-in client's account."""
    visit = await begin_visit(call)
    return _stream(visit, visit.topic())


@router.get("/ops/live", who=Who.PUBLIC, include_in_schema=False)
async def get_live_of_brand(call: Call) -> Response:
    """Changes of anything of the brand, for its staff."""
    visit = await begin_visit(call)
    if visit.session is None or not visit.session.is_staff:
        raise StaffOnly()
    return _stream(visit, brand_topic(visit.brand.slug))


def _stream(visit: Visit, topic: str) -> Response:
    request = visit.call.request
    check_origin(request)
    if visit.session is None:
        raise SignInNeeded()
    mark = request.headers.get("last-event-id") or visit.query("after")
    return LiveStream(visit.desk.hub, user_id=visit.session.user_id, topic=topic, mark=mark)
