"""Wanting a way to pay to be saved, and booking what came of the page where it was typed in."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.billing.automation.today import today_for
from services.billing.brands.brand import Brand
from services.billing.gateways.port import ReportedSetup
from services.billing.gateways.port import SavedMethod as KeptThere
from services.billing.payments.payment import ReturnPathInvalid
from services.billing.payments.return_path import is_own_path
from services.billing.saved_methods.keeping import saved_method_of, wallet_of
from services.billing.saved_methods.method_setup import MethodSetup
from services.billing.saved_methods.wallet import MOST_METHODS, TooManySavedMethods
from shared.errors import NotFound
from shared.store import Transaction


@dataclass(frozen=True, kw_only=True)
class WantSetup:
    """Which of the brand's ways to pay is to be saved; `return_path` is on the brand's site."""

    id: UUID
    account_id: UUID
    brand: str
    method: str
    return_path: str
    is_preferred: bool


async def want_setup(command: WantSetup, tx: Transaction) -> MethodSetup:
    """Record what the gateway will be asked for.

    `PaymentMethodUnknown`, `PaymentMethodNotOnline`, `ReturnPathInvalid`, `TooManySavedMethods`.
    """
    brand = await tx.look_at(Brand, Brand.id_of(command.brand))
    method = brand.online_method(command.method)
    if not is_own_path(command.return_path):
        raise ReturnPathInvalid()
    if (await wallet_of(command.account_id, command.brand, tx)).is_full:
        raise TooManySavedMethods(most=MOST_METHODS)
    today = await today_for(command.brand, tx)
    setup = _wanted(command, gateway=method.gateway, currency=brand.settings.currency, on=today)
    await tx.save(setup)
    await _note_open(setup, tx)
    return setup


def _wanted(command: WantSetup, *, gateway: str, currency: str, on: date) -> MethodSetup:
    return MethodSetup.want(
        id=command.id,
        account_id=command.account_id,
        brand=command.brand,
        method=command.method,
        gateway=gateway,
        currency=currency,
        return_path=command.return_path,
        is_preferred=command.is_preferred,
        wanted_on=on,
    )


async def _note_open(setup: MethodSetup, tx: Transaction) -> None:
    """Where the janitor finds it."""
    db = await tx.begin()
    await db.execute(
        """insert into method_setup_page (setup_id, gateway, wanted_at, next_at)
           values ($1, $2, $3, $3)""",
        setup.id,
        setup.gateway,
        tx.now,
    )


@dataclass(frozen=True, kw_only=True)
class RecordSetupOpened:
    """The gateway's own id of the page."""

    setup_id: UUID
    gateway_reference: str


async def record_setup_opened(command: RecordSetupOpened, tx: Transaction) -> None:
    """The gateway has the page. Known already, or over: nothing changes."""
    setup = await tx.load(MethodSetup, command.setup_id)
    setup.mark_opened(command.gateway_reference)
    await tx.save(setup)
    db = await tx.begin()
    await db.execute(
        "update method_setup_page set gateway_reference = $2 where setup_id = $1",
        command.setup_id,
        command.gateway_reference,
    )


@dataclass(frozen=True, kw_only=True)
class SettleSetup:
    """The gateway's answer to a question of ours; None: it has no such page."""

    setup_id: UUID
    reported: ReportedSetup | None


async def settle_setup(command: SettleSetup, tx: Transaction) -> MethodSetup:
    """Save what the gateway keeps, once. While the page is open, or after its end: nothing.

    A wallet that has been filled meanwhile takes no more; then the page ends as refused.
    """
    setup = await tx.load(MethodSetup, command.setup_id)
    said = command.reported
    if setup.outcome is not None or said is None or said.status == "open":
        return setup
    if said.reference != str(setup.id):
        raise NotFound()
    if said.status != "succeeded" or said.saved_method is None:
        setup.end("expired" if said.status == "expired" else "failed", reason=_reason(said))
    else:
        await _keep(setup, said.saved_method, tx=tx)
    await tx.save(setup)
    await _note_ended(setup.id, tx)
    return setup


def _reason(said: ReportedSetup) -> str:
    return said.failure_code or ("nothing_saved" if said.status == "succeeded" else said.status)


async def _keep(setup: MethodSetup, kept: KeptThere, *, tx: Transaction) -> None:
    assert setup.account_id is not None, "a wallet is an account's"
    wallet = await wallet_of(setup.account_id, setup.brand, tx)
    saved = saved_method_of(kept, method=setup.method, gateway=setup.gateway)
    if wallet.is_full:
        setup.end("refused", reason="wallet_full")
        return
    today = await today_for(setup.brand, tx)
    wallet.save(saved, is_preferred=setup.is_preferred, today=today)
    setup.end("saved")
    await tx.save(wallet)


@dataclass(frozen=True, kw_only=True)
class GiveUpSetup:
    """A page that nobody came back from in a day, or that never came to be at the gateway."""

    setup_id: UUID


async def give_up_setup(command: GiveUpSetup, tx: Transaction) -> None:
    """End it. Once it has ended nothing changes."""
    setup = await tx.load(MethodSetup, command.setup_id)
    setup.end("expired", reason="nobody_came_back")
    await tx.save(setup)
    await _note_ended(setup.id, tx)


async def _note_ended(setup_id: UUID, tx: Transaction) -> None:
    db = await tx.begin()
    await db.execute(
        "update method_setup_page set ended_at = $2 where setup_id = $1", setup_id, tx.now
    )
