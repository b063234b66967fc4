"""One request of one browser: its brand, its language, who is signed in, and the answer to it."""

import secrets
from collections.abc import Mapping
from datetime import date
from functools import cached_property
from typing import Any
from uuid import UUID

from babel import Locale
from starlette.datastructures import URL
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.portal.brands.views import Brand
from services.portal.browser.desk import Desk
from services.portal.browser.forms import Form
from services.portal.browser.notices import NOTICES
from services.portal.browser.paging import Page
from services.portal.browser.positions import reached
from services.portal.browser.refusals import NoSuchPage, NotHereYet, SignInNeeded
from services.portal.browser.sessions import SignedIn
from services.portal.home.views import Account
from services.portal.live.hub import account_topic
from shared.http.call import CallContext
from shared.i18n import Translations
from shared.reads import Reader

LANGUAGE_KEPT_S = 365 * 24 * 3600


class Visit:
    """What a page knows of its request, and the ways to answer."""

    def __init__(
        self,
        call: CallContext,
        desk: Desk,
        *,
        brand: Brand,
        session: SignedIn | None,
        account: Account | None,
    ) -> None:
        self.call = call
        self.desk = desk
        self.brand = brand
        self.session = session
        self.account = account
        self.nonce = secrets.token_urlsafe(16)
        self.mark = desk.hub.mark
        self.db: Reader = desk.reads
        self.is_live = False
        self.is_updating = False
        self._cookie_for_forms = ""

    @cached_property
    def today(self) -> date:
        """The brand's local date."""
        return self.brand.today(self.call.now)

    @property
    def path(self) -> str:
        """The page's own address with its query, without what a command left in it.

        A refused form is shown under the form's address: then it is the page that the form was on.
        """
        request = self.call.request
        url: URL = URL(request.headers.get("referer", "/")) if self._is_form else request.url
        url = url.remove_query_params(["at", "done"])
        return url.path + (f"?{url.query}" if url.query else "")

    @property
    def first_name(self) -> str:
        """How the signed-in user is greeted."""
        return self.account.first_name if self.account else self.language.gettext("team")

    @property
    def account_id(self) -> UUID:
        """The signed-in client's account. `SignInNeeded` for everybody else."""
        if self.session is None or self.session.account_id is None:
            raise SignInNeeded()
        return self.session.account_id

    @cached_property
    def language(self) -> Translations:
        """The reader's choice, else the account's language, else the brand's."""
        offered = {tag for tag, _ in self.languages}
        chosen = self.call.request.cookies.get(self.desk.cookies.language, "")
        account = self.session.language if self.session else ""
        wanted = [tag for tag in (chosen, account, self.brand.default_language) if tag in offered]
        return self.desk.templates.catalogues.best(wanted)

    @cached_property
    def languages(self) -> list[tuple[str, str]]:
        """The brand's languages that there is a catalogue for, with their own names."""
        known = self.desk.templates.catalogues.languages
        return [(tag, _own_name(tag)) for tag in self.brand.languages if tag in known]

    @property
    def csrf(self) -> str:
        """The token that this page's forms carry."""
        if self.session:
            return self.session.csrf
        jar = self.desk.cookies
        kept = self.call.request.cookies.get(jar.visitor, "")
        self._cookie_for_forms = self._cookie_for_forms or kept or self.desk.seal.fresh_cookie()
        return self.desk.seal.token(self._cookie_for_forms)

    @property
    def live_url(self) -> str:
        """Where the page hears of changes; empty on a page that does not change by itself."""
        if not self.is_live or self.session is None:
            return ""
        return f"{'/ops' if self.session.is_staff else ''}/live?after={self.mark}"

    @property
    def notice(self) -> str:
        """What has just been done, in words."""
        sentence = NOTICES.get(self.query("done"))
        return self.language.gettext(sentence) if sentence else ""

    def query(self, name: str) -> str:
        """A parameter of the address, empty if it is missing."""
        return self.call.request.query_params.get(name, "")

    def page_wanted(self, limit: int = 20) -> Page:
        """Which part of a list is wanted; an `after` that is no id is ignored."""
        try:
            return Page(limit=limit + 1, after=UUID(self.query("after")))
        except ValueError:
            return Page(limit=limit + 1)

    @property
    def own_account(self) -> Account:
        """The signed-in client's account card. `NoSuchPage` while the views have not seen it."""
        account: Account = self.own(self.account)
        return account

    def own(self, thing: Any) -> Any:
        """`thing` if it is the client's. `NotHereYet` or `NoSuchPage` if it is missing or not."""
        if thing is None:
            raise NotHereYet() if self.is_updating else NoSuchPage()
        if thing.account_id != self.account_id or thing.brand != self.brand.slug:
            raise NoSuchPage()
        return thing

    def of_brand(self, thing: Any) -> Any:
        """`thing` if it belongs to the brand of the staff; else as `own`."""
        if thing is None:
            raise NotHereYet() if self.is_updating else NoSuchPage()
        if thing.brand != self.brand.slug:
            raise NoSuchPage()
        return thing

    async def look_for_position(self) -> None:
        """Note whether the views lag behind the command that led to this page."""
        at = self.query("at")
        self.is_updating = bool(at) and not await reached(self.desk.consumers, at, timeout_s=0)
        if at and not self.is_updating:
            self.db = await self.desk.reads.as_of_now()

    def show(
        self, template: str, *, section: str = "", status: int | None = None, **context: Any
    ) -> Response:
        """The page, in the brand's look and the reader's language; 422 with a refused form."""
        text = self.desk.templates.render(
            template,
            language=self.language.language,
            context={"visit": self, "section": section, **context},
        )
        is_refused = any(isinstance(each, Form) and each.alert for each in context.values())
        response = HTMLResponse(text, status or (422 if is_refused else 200), self._headers())
        if self._cookie_for_forms:
            jar = self.desk.cookies
            jar.set(response, jar.visitor, value=self._cookie_for_forms, max_age_s=None)
        return response

    def show_live(self, template: str, *, section: str, **context: Any) -> Response:
        """The page, which fetches itself again when something of the account changes."""
        self.is_live = not self._is_form
        return self.show(template, section=section, **context)

    def go(self, path: str) -> RedirectResponse:
        """To another page after a form (303)."""
        return RedirectResponse(path, status_code=303)

    def topic(self) -> str:
        """What this client's pages listen to."""
        return account_topic(self.account_id)

    @property
    def _is_form(self) -> bool:
        return bool(self.call.request.method == "POST")

    def _headers(self) -> Mapping[str, str]:
        policy = (
            "default-src 'none'",
            f"script-src 'self' 'nonce-{self.nonce}'",
            "style-src 'self'",
            "img-src 'self' data:",
            "connect-src 'self'",
            f"form-action 'self' {' '.join(self.desk.settings.payment_origins)}",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        )
        return {"Content-Security-Policy": "; ".join(policy), "Vary": "Cookie"}


def _own_name(tag: str) -> str:
    """What speakers call their language: `pt-BR` is Português."""
    name = Locale.parse(tag, sep="-").get_language_name() or tag
    return name[:1].upper() + name[1:]
