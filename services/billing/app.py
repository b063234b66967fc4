"""The composition root of the billing service."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from pydantic import SecretStr

from services.billing.automation.policies import reconsider_when_paid, reconsider_when_taken_back
from services.billing.automation.routes import router as automation_router
from services.billing.automation.run import BusinessDayRun
from services.billing.automation.tasks import STEPS
from services.billing.automation.ticker import Ticker
from services.billing.bank_statements.reading import FILE_BYTES
from services.billing.bank_transfers.bank_files import BankFiles
from services.billing.bank_transfers.entry_routes import router as bank_entries_router
from services.billing.bank_transfers.matching_run import MatchingRun
from services.billing.bank_transfers.routes import router as bank_transfers_router
from services.billing.bank_transfers.statement_routes import BANK_STATEMENTS
from services.billing.bank_transfers.statement_routes import router as bank_statements_router
from services.billing.bank_transfers.views import bank_entry, bank_statement, known_payer
from services.billing.boleto.expiring import BoletoExpiry
from services.billing.boleto.routes import router as boleto_router
from services.billing.boleto.views import boleto
from services.billing.brands.routes import router as brands_router
from services.billing.brands.views import brand
from services.billing.carts.routes import router as carts_router
from services.billing.carts.views import cart_open
from services.billing.catalogue.checks import allotments_equal_what_is_held
from services.billing.catalogue.policies import free_what_is_over, revise_as_planned
from services.billing.catalogue.routes import router as catalogue_router
from services.billing.catalogue.views import product
from services.billing.charges.routes import router as charges_router
from services.billing.charges.views import billable_item
from services.billing.contacts.views import account_contact
from services.billing.credit.routes import router as credit_router
from services.billing.credit.views import credit_held
from services.billing.credit_notes.routes import router as credit_notes_router
from services.billing.credit_notes.views import credit_note
from services.billing.documents.routes import router as documents_router
from services.billing.documents.workshop import Workshop
from services.billing.drafts.routes import router as drafts_router
from services.billing.drafts.views import draft
from services.billing.forecast.playing import Forecaster
from services.billing.forecast.routes import router as forecast_router
from services.billing.gateways.boleto import BoletoGateway
from services.billing.gateways.pix import PixGateway
from services.billing.gateways.port import Gateway, Notice
from services.billing.gateways.registry import Gateways
from services.billing.gateways.sandbox import SandboxGateway
from services.billing.gateways.stripe.gateway import StripeGateway
from services.billing.held_services.policies import (
    close_what_ended,
    serve_what_is_paid,
    settle_what_changed,
)
from services.billing.held_services.routes import router as services_router
from services.billing.held_services.views import service_due, service_list
from services.billing.invoices.routes import router as invoices_router
from services.billing.invoices.views import invoice_list, invoice_open
from services.billing.ledger.checks import CHECKS
from services.billing.ledger.views import ledger_posting
from services.billing.orders.routes import router as orders_router
from services.billing.orders.views import order_list
from services.billing.payments.card_attempts import CardAttempts
from services.billing.payments.charging import Charges
from services.billing.payments.collected import count_collected
from services.billing.payments.hosted_page import HostedPages
from services.billing.payments.inquiry import Elsewhere, Inquiry
from services.billing.payments.routes import router as payments_router
from services.billing.payments.views import payment_open
from services.billing.payments.ways import Ways
from services.billing.pix.news import SOURCE, PixNews
from services.billing.pix.psp import PixPsp
from services.billing.promotions.policies import release_what_was_used
from services.billing.promotions.routes import router as promotions_router
from services.billing.promotions.views import promotion
from services.billing.provisioning.answers import PanelAnswers
from services.billing.provisioning.panel import HostingPanel
from services.billing.provisioning.panel_reactor import panel_reactor
from services.billing.provisioning.views import provisioning_open
from services.billing.publishing import publish
from services.billing.reconciliation.comparing import Comparing
from services.billing.reconciliation.routes import router as reconciliation_router
from services.billing.reconciliation.views import gateway_payment, reconciliation
from services.billing.refunds.claiming import claim_guarantee
from services.billing.refunds.news import take_reversals
from services.billing.refunds.reactor import refund_reactor
from services.billing.refunds.routes import router as refunds_router
from services.billing.refunds.views import first_payment, refund_list
from services.billing.return_files.folder import ReturnFolder
from services.billing.return_files.return_file import LARGEST_BYTES
from services.billing.return_files.routes import RETURN_FILES
from services.billing.return_files.routes import router as return_files_router
from services.billing.return_files.run import ReturnFiles
from services.billing.rules.routes import router as rules_router
from services.billing.saved_methods.collecting import Collector
from services.billing.saved_methods.policies import (
    collect_by_new_method,
    tell_of_expiring_cards,
)
from services.billing.saved_methods.reactors import autopay_reactor, forgetting_reactor
from services.billing.saved_methods.routes import router as saved_methods_router
from services.billing.saved_methods.setup_pages import SetupPages
from services.billing.saved_methods.views import saved_method
from services.billing.service_changes.routes import router as changes_router
from services.billing.service_endings.routes import router as endings_router
from services.billing.settings import PANEL_PATH, BillingSettings
from services.billing.staff_tasks.routes import router as staff_tasks_router
from services.billing.staff_tasks.views import staff_task
from services.billing.state import State
from services.billing.statements.routes import router as statements_router
from services.billing.status import report
from services.billing.suspensions.routes import router as suspensions_router
from services.billing.top_ups.routes import router as top_ups_router
from services.billing.transfers.routes import router as transfers_router
from services.billing.webhooks.inbox import Handle, Inbox, Kept
from services.billing.webhooks.routes import router as webhooks_router
from services.billing.why.routes import router as why_router
from shared.clock import SystemClock
from shared.consumers.group import Consumers
from shared.database import open_pool
from shared.http.app import Loop, Service, serve
from shared.peers import Peers
from shared.remote_keyring import RemoteKeyring
from shared.store import EventStore
from shared.tokens import Signer

VIEWS = (
    boleto,
    account_contact,
    brand,
    product,
    promotion,
    cart_open,
    order_list,
    service_list,
    service_due,
    invoice_list,
    invoice_open,
    credit_note,
    draft,
    billable_item,
    payment_open,
    provisioning_open,
    credit_held,
    saved_method,
    ledger_posting,
    refund_list,
    first_payment,
    staff_task,
    bank_statement,
    bank_entry,
    known_payer,
    reconciliation,
    gateway_payment,
)
POLICIES = (
    serve_what_is_paid,
    close_what_ended,
    settle_what_changed,
    reconsider_when_paid,
    reconsider_when_taken_back,
    revise_as_planned,
    free_what_is_over,
    release_what_was_used,
    tell_of_expiring_cards,
    collect_by_new_method,
)
OF_THE_HOUSE = (ledger_posting, bank_statement, bank_entry, reconciliation, gateway_payment)
"""Views of the books and of whole brands: a forecast asks none of them."""
FORESEEN = (
    serve_what_is_paid,
    close_what_ended,
    settle_what_changed,
    reconsider_when_paid,
    reconsider_when_taken_back,
    revise_as_planned,
)
"""The policies by which something follows for an account that a forecast tells of; the others give
back what others can have then."""
ROUTERS = (
    boleto_router,
    return_files_router,
    brands_router,
    catalogue_router,
    promotions_router,
    carts_router,
    orders_router,
    services_router,
    changes_router,
    endings_router,
    suspensions_router,
    transfers_router,
    invoices_router,
    credit_router,
    credit_notes_router,
    documents_router,
    drafts_router,
    charges_router,
    payments_router,
    saved_methods_router,
    top_ups_router,
    webhooks_router,
    automation_router,
    refunds_router,
    rules_router,
    statements_router,
    why_router,
    forecast_router,
    staff_tasks_router,
    bank_transfers_router,
    bank_statements_router,
    bank_entries_router,
    reconciliation_router,
)


async def build(settings: BillingSettings) -> Service:
    """The parts of the service, joined."""
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
        clock=SystemClock(),
    )
    return _service(settings, store, signer=signer, peers=peers)


def _service(
    settings: BillingSettings, store: EventStore, *, signer: Signer, peers: Peers
) -> Service:
    pix = _pix_gateway(settings, store)
    gateways = Gateways(_gateways(settings, store, pix=pix))
    ways = Ways(portal_url=settings.portal_url, webhooks_url=settings.notify_url(""))
    panel = HostingPanel(url=settings.panel_url, key=settings.panel_key)
    asking = _asking(store, gateways, ways=ways)
    inquiry = asking.inquiry
    reactors = (
        panel_reactor(panel, notify_url=settings.notify_url(PANEL_PATH)),
        autopay_reactor(Collector(store=store, charges=asking.charges, inquiry=inquiry)),
        forgetting_reactor(store, gateways),
        refund_reactor(gateways),
    )
    consumers = Consumers((*VIEWS, *POLICIES, *reactors), store, peers, applied=count_collected)
    answers = PanelAnswers(store=store, panel=panel)
    days = BusinessDayRun(store=store, consumers=consumers, inquiry=inquiry)
    comparing = Comparing(store=store, gateways=gateways, consumers=consumers, inquiry=inquiry)
    workshop = Workshop()
    views = [view for view in VIEWS if view not in OF_THE_HOUSE]
    forecaster = Forecaster(store, views=views, policies=FORESEEN, steps=STEPS)
    news = PixNews(store=store, gateway=pix, ask=inquiry.ask)
    handlers = _handlers(gateways, inquiry=inquiry, answers=answers)
    inbox = Inbox(store, {**handlers, SOURCE: news.take})
    files = ReturnFiles(store)

    async def close() -> None:
        await gateways.close()
        await panel.close()
        await workshop.close()
        await peers.close()

    return Service(
        settings=settings,
        store=store,
        signer=signer,
        consumers=consumers,
        routers=ROUTERS,
        state=State(
            hosted_pages=asking.pages,
            setup_pages=asking.setups,
            card_attempts=_card_attempts(settings, store),
            inquiry=inquiry,
            gateways=gateways,
            inbox=inbox,
            days=days,
            forecaster=forecaster,
            workshop=workshop,
            return_files=files,
            webhook_secrets=_webhook_secrets(settings),
            bank_files=BankFiles(),
            claim_guarantee=claim_guarantee,
        ),
        loops={
            "webhooks": inbox.run,
            "payment janitor": inquiry.run_janitor,
            "setup janitor": asking.setups.run_janitor,
            "provisioning janitor": answers.run_janitor,
            "ticker": Ticker(store).run,
            "business days": days.run,
            "reconciliation": comparing.run,
            **_bank_loops(settings, store, consumers=consumers, files=files),
        },
        checks=(*CHECKS, allotments_equal_what_is_held),
        report=partial(report, store.pool),
        close=close,
        large_bodies={RETURN_FILES: LARGEST_BYTES, BANK_STATEMENTS: FILE_BYTES},
    )


def _card_attempts(settings: BillingSettings, store: EventStore) -> CardAttempts:
    return CardAttempts(
        store,
        per_account=settings.card_attempts_of_account,
        per_network=settings.card_attempts_from_network,
    )


def _webhook_secrets(settings: BillingSettings) -> dict[str, SecretStr]:
    return {
        "panel": settings.panel_webhook_secret,
        "pix": settings.pix_psp_webhook_secret or settings.gateway_webhook_secret,
    }


@dataclass(frozen=True, kw_only=True)
class Asking:
    """What asks the gateways."""

    pages: HostedPages
    setups: SetupPages
    charges: Charges
    inquiry: Inquiry


def _asking(store: EventStore, gateways: Gateways, *, ways: Ways) -> Asking:
    pages = HostedPages(store=store, gateways=gateways, ways=ways)
    setups = SetupPages(store=store, gateways=gateways, ways=ways)
    charges = Charges(store=store, gateways=gateways, ways=ways)
    inquiry = Inquiry(
        store=store,
        gateways=gateways,
        pages=pages,
        charges=charges,
        elsewhere=Elsewhere(reversals=take_reversals, setups=setups.take_notice),
    )
    return Asking(pages=pages, setups=setups, charges=charges, inquiry=inquiry)


def _bank_loops(
    settings: BillingSettings, store: EventStore, *, consumers: Consumers, files: ReturnFiles
) -> dict[str, Loop]:
    """What works off what banks tell: boletos, their return files, entries of statements."""
    loops: dict[str, Loop] = {
        "return files": files.run,
        "boletos": BoletoExpiry(store).run,
        "bank entries": MatchingRun(store=store, consumers=consumers).run,
    }
    if settings.return_folder is not None:
        folder = ReturnFolder(settings.return_folder, store=store, news=files.call)
        loops["return folder"] = folder.run
    return loops


def _pix_gateway(settings: BillingSettings, store: EventStore) -> PixGateway:
    psp = PixPsp(
        url=settings.pix_psp_url or settings.gateway_url,
        key=settings.pix_psp_key or settings.gateway_key,
        webhooks_url=settings.notify_url("/webhooks"),
    )
    return PixGateway(store=store, psp=psp)


def _gateways(
    settings: BillingSettings, store: EventStore, *, pix: PixGateway
) -> Iterator[Gateway]:
    """One of each kind that the settings give access to."""
    yield BoletoGateway(store)
    yield pix
    yield SandboxGateway(
        url=settings.gateway_url,
        key=settings.gateway_key,
        webhook_secret=settings.gateway_webhook_secret,
    )
    if settings.stripe_key is not None:
        yield StripeGateway(
            url=settings.stripe_url,
            key=settings.stripe_key,
            webhook_secrets=settings.stripe_webhook_secrets,
            clock=SystemClock(),
        )


def _handlers(gateways: Gateways, *, inquiry: Inquiry, answers: PanelAnswers) -> dict[str, Handle]:
    """Who deals with the webhooks of which source."""

    async def take_answer(kept: Kept) -> None:
        await answers.take_webhook(kept.body)

    async def take_notice(name: str, kept: Kept) -> None:
        notice = Notice(event_id=kept.event_id, about=kept.about, kind=kept.kind)
        await inquiry.take_notice(name, notice)

    notices = {gateway.name: partial(take_notice, gateway.name) for gateway in gateways}
    return {**notices, "panel": take_answer}


def main() -> None:
    """Run the service as this process."""
    settings = BillingSettings()
    serve(lambda: build(settings), settings)


if __name__ == "__main__":
    main()
