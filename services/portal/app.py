"""The portal, put together. Run it with `python -m services.portal.app`."""

from pathlib import Path

import structlog

from services.portal.api import router as api
from services.portal.brands.routes import router as files
from services.portal.brands.views import brand
from services.portal.browser.assets import Assets
from services.portal.browser.desk import Desk
from services.portal.browser.seal import Seal
from services.portal.browser.sessions import CookieJar
from services.portal.browser.templates import PageTemplates
from services.portal.browser.unknown import pages as unknown_pages
from services.portal.catalogue.routes import client_pages as order_pages
from services.portal.catalogue.routes import pages as catalogue_pages
from services.portal.catalogue.views import product_list
from services.portal.credit.routes import pages as credit_pages
from services.portal.credit.views import credit_log
from services.portal.held_services.routes import pages as service_pages
from services.portal.held_services.views import service_list
from services.portal.history.emails import email_list
from services.portal.history.timeline import timeline
from services.portal.home.routes import pages as home_pages
from services.portal.home.views import account_card
from services.portal.invoices.routes import pages as invoice_pages
from services.portal.invoices.views import invoice_list
from services.portal.live.hub import LiveHub
from services.portal.live.routes import router as live
from services.portal.ops.event_tail import event_tail
from services.portal.ops.routes import pages as ops_pages
from services.portal.ops.search import search
from services.portal.ops.service_page import pages as ops_service_pages
from services.portal.payments.routes import pages as payment_pages
from services.portal.payments.several import pages as paying_pages
from services.portal.payments.views import payment_list
from services.portal.profile.routes import pages as profile_pages
from services.portal.publishing import publish
from services.portal.saved_methods.routes import pages as saved_method_pages
from services.portal.saved_methods.views import saved_method_list
from services.portal.settings import PortalSettings
from services.portal.tickets.routes import pages as ticket_pages
from services.portal.tickets.views import ticket_list, ticket_thread
from services.portal.visitors.routes import pages as visitor_pages
from shared.clock import Clock, SystemClock
from shared.consumers.group import Consumers
from shared.database import Pool, open_pool
from shared.http.app import Service, serve
from shared.i18n import Catalogues
from shared.peers import Peers
from shared.reads import Primary, Reads, ReplicaFirst
from shared.remote_keyring import RemoteKeyring
from shared.store import EventStore
from shared.tokens import Signer

VIEWS = (
    brand,
    product_list,
    account_card,
    service_list,
    invoice_list,
    payment_list,
    credit_log,
    saved_method_list,
    ticket_list,
    ticket_thread,
    timeline,
    email_list,
    search,
    event_tail,
)
PAGES = (
    catalogue_pages,
    order_pages,
    visitor_pages,
    home_pages,
    service_pages,
    invoice_pages,
    payment_pages,
    paying_pages,
    credit_pages,
    saved_method_pages,
    ticket_pages,
    profile_pages,
    ops_pages,
    ops_service_pages,
    unknown_pages,
)
ROUTERS = (files, live, api, *(pages.router for pages in PAGES))
LOCALES = Path(__file__).parent / "locale"
CLOCK = SystemClock()

log = structlog.get_logger()


async def build(settings: PortalSettings, clock: Clock = CLOCK) -> Service:
    """The service's parts, joined."""
    pool = await open_pool(
        settings.database_url.get_secret_value(),
        size=settings.database_pool_size,
        schemas=[view.schema for view in VIEWS],
    )
    signer = Signer(settings.service, settings.signing_key)
    peers = Peers(settings.peers, signer)
    store = EventStore(
        pool,
        service=settings.service,
        publish=publish,
        keyring=RemoteKeyring(peers),
        clock=clock,
    )
    reads = await _open_reads(settings, pool)

    async def close() -> None:
        await reads.close()
        await peers.close()

    hub = LiveHub()
    consumers = Consumers(VIEWS, store, peers, applied=hub.note, heard=hub.note_touched)
    assets = Assets()
    if not settings.is_secure:
        log.warning("plain http: session cookies are not Secure", cookie="sid")
    desk = Desk(
        settings=settings,
        peers=peers,
        templates=PageTemplates(Catalogues(LOCALES), assets),
        assets=assets,
        seal=Seal(settings.signing_key),
        cookies=CookieJar(is_secure=settings.is_secure),
        hub=hub,
        consumers=consumers,
        reads=reads,
    )
    return Service(
        settings=settings,
        store=store,
        signer=signer,
        consumers=consumers,
        routers=ROUTERS,
        state=desk,
        drain=hub.close,
        loops={"replica": reads.run} if isinstance(reads, ReplicaFirst) else {},
        close=close,
    )


async def _open_reads(settings: PortalSettings, pool: Pool) -> Reads:
    """The replica if there is one, before the primary."""
    primary = Primary(pool)
    if settings.database_replica_url is None:
        return primary
    replica = await open_pool(
        settings.database_replica_url.get_secret_value(),
        size=settings.database_pool_size,
        schemas=[view.schema for view in VIEWS],
        at_once=0,
    )
    return ReplicaFirst(primary, replica, service=settings.service)


def main() -> None:
    """Run the service as this process."""
    settings = PortalSettings()
    serve(lambda: build(settings), settings)


if __name__ == "__main__":
    main()
