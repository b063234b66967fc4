"""Documents that another service makes, handed on to the browser under the portal's address."""

from starlette.responses import Response

from services.portal.browser.visit import Visit

HANDED_ON = ("content-type", "content-disposition", "cache-control", "etag")


async def download(visit: Visit, path: str) -> Response:
    """Billing's document, typed and named as billing does; whose it is, billing knows.

    A refusal is shown as a page, as any other.
    """
    assert visit.session is not None, "the page is for clients"
    answer = await visit.desk.peers.call("billing", "GET", path, token=visit.session.token)
    kept = {name: answer.headers[name] for name in HANDED_ON if name in answer.headers}
    return Response(answer.content, headers=kept)
