"""Routes of pages: who may see each, and every refusal shown as a page in the brand's look."""

import functools
import inspect
from collections.abc import Awaitable, Callable
from enum import Enum, auto
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from services.portal.brands.views import Brand, brand_of_host, brand_of_slug
from services.portal.browser.desk import desk_of
from services.portal.browser.forms import Form, read_form, read_upload
from services.portal.browser.refusals import (
    ClientsOnly,
    NotHereYet,
    SignInNeeded,
    StaffOnly,
    UnknownBrand,
)
from services.portal.browser.seal import check_origin, check_token
from services.portal.browser.sessions import SignedIn, resolve
from services.portal.browser.troubles import trouble_words
from services.portal.browser.visit import Visit
from services.portal.home.views import account_of
from shared.database import LOST, is_lost
from shared.errors import DomainError, Unavailable
from shared.http import Call, Rate, Repeat, Router, Who
from shared.http.call import CallContext

Page = Callable[..., Awaitable[Response]]
ReadForm = Callable[[Request], Awaitable[Form]]


class For(Enum):
    """Whom a page is for."""

    ANYBODY = auto()
    CLIENTS = auto()
    STAFF = auto()


class Pages:
    """A folder's pages. A page takes the `Visit`, a form's route the `Form` too, then its path."""

    def __init__(self, audience: For) -> None:
        self.router = Router(tags=["pages"])
        self._audience = audience

    def get(self, path: str) -> Callable[[Page], Page]:
        """A page."""

        def register(page: Page) -> Page:
            shown = _shown(page, self._audience)
            self.router.get(path, who=Who.PUBLIC, include_in_schema=False)(shown)
            return page

        return register

    def post(self, path: str, *, rate: Rate = Rate.WRITE) -> Callable[[Page], Page]:
        """Where a form is sent to: it must come from a page of this session."""
        return self._take(path, read_form, rate=rate)

    def upload(self, path: str) -> Callable[[Page], Page]:
        """Where a form with a file is sent to, as `post`."""
        return self._take(path, read_upload, rate=Rate.WRITE)

    def _take(self, path: str, read: ReadForm, *, rate: Rate) -> Callable[[Page], Page]:
        def register(page: Page) -> Page:
            shown = _shown(_with_form(page, read), self._audience)
            self.router.post(
                path, who=Who.PUBLIC, rate=rate, repeat=Repeat.READS, include_in_schema=False
            )(shown)
            return page

        return register


def _shown(page: Page, audience: For) -> Page:
    """The page as a route: `call` in place of the visit, refusals in place of a stack trace."""

    @functools.wraps(page)
    async def shown(call: Call, **path: Any) -> Response:
        try:
            visit = await begin_visit(call)
        except (Unavailable, *LOST) as error:
            return _show_silence(call, error)
        try:
            _admit(visit, audience)
            await visit.look_for_position()
            return await page(visit, **path)
        except ClientsOnly:
            return visit.go("/ops")
        except SignInNeeded:
            return visit.go(f"/sign-in?next={quote(visit.path, safe='')}")
        except NotHereYet:
            return visit.show("updating.html", status=202)
        except DomainError as refusal:
            return _show_trouble(visit, refusal)
        except LOST as error:
            return _show_silence(call, error)

    call = inspect.Parameter("call", inspect.Parameter.KEYWORD_ONLY, annotation=Call)
    given = [p for p in inspect.signature(page).parameters.values() if p.name not in _OURS]
    shown.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [call, *(p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in given)]
    )
    return shown


def _show_silence(call: CallContext, error: Exception) -> Response:
    """That something we need does not answer now, in the brand's look as it was last seen."""
    desk = desk_of(call)
    brand: Brand | None = desk.brands_seen.get(_host_of(call))
    if brand is None or not (isinstance(error, Unavailable) or is_lost(error)):
        raise error
    visit = Visit(call, desk, brand=brand, session=None, account=None)
    return _show_trouble(visit, Unavailable())


def _show_trouble(visit: Visit, refusal: DomainError) -> Response:
    title, text = trouble_words(refusal, visit.language)
    return visit.show(
        "problem.html",
        status=int(refusal.status),
        title=title,
        text=text,
        request_id=str(visit.call.request.state.request_id),
    )


_OURS = frozenset({"visit", "form"})


def _with_form(page: Page, read: ReadForm) -> Page:
    @functools.wraps(page)
    async def filled_in(visit: Visit, **path: Any) -> Response:
        form = await _checked_form(visit, read)
        return await page(visit, form, **path)

    return filled_in


async def _checked_form(visit: Visit, read: ReadForm) -> Form:
    request = visit.call.request
    check_origin(request)
    form = await read(request)
    expected = visit.session.csrf if visit.session else _visitor_token(visit)
    check_token(form.text("csrf"), expected)
    return form


def _visitor_token(visit: Visit) -> str:
    cookie = visit.call.request.cookies.get(visit.desk.cookies.visitor, "")
    return visit.desk.seal.token(cookie) if cookie else ""


async def begin_visit(call: CallContext) -> Visit:
    """The visit of a request. `UnknownBrand` if no brand answers under its host name."""
    desk, brand = desk_of(call), await brand_of_request(call)
    session = await session_of(call, brand)
    account_id = session.account_id if session else None
    # The mark first: what is committed before it must be on the page.
    mark, db = desk.hub.mark, await desk.reads.as_of_now()
    account = await account_of(db, account_id) if account_id else None
    visit = Visit(call, desk, brand=brand, session=session, account=account)
    visit.mark, visit.db = mark, db
    return visit


async def brand_of_request(call: CallContext) -> Brand:
    """The brand whose host name was asked for. `UnknownBrand` if there is none."""
    desk, host = desk_of(call), _host_of(call)
    found = await brand_of_host(desk.reads, host)
    slug = host.partition(".")[0]
    if found is None and host == desk.settings.host_of(slug):
        found = await brand_of_slug(desk.reads, slug)
    if found is None:
        raise UnknownBrand()
    desk.brands_seen[host] = found
    return found


def _host_of(call: CallContext) -> str:
    return (call.request.url.hostname or "").lower()


async def session_of(call: CallContext, brand: Brand) -> SignedIn | None:
    """The session of the request's cookie, if it lives and is of this brand."""
    desk = desk_of(call)
    cookie = call.request.cookies.get(desk.cookies.session, "")
    session = await resolve(desk.peers, cookie) if cookie else None
    return session if session and session.brand == brand.slug else None


def _admit(visit: Visit, audience: For) -> None:
    if audience is For.ANYBODY:
        return
    if visit.session is None:
        raise SignInNeeded()
    if audience is For.STAFF and not visit.session.is_staff:
        raise StaffOnly()
    if audience is For.CLIENTS and visit.session.account_id is None:
        raise ClientsOnly()
