"""What the composition root makes once and the routes of this service use."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from pydantic import SecretStr

from shared.contracts.permissions import BILLING_READ
from shared.errors import Forbidden
from shared.http.call import CallContext
from shared.store import Cause

if TYPE_CHECKING:  # routes import this module, and these import commands
    from services.billing.automation.run import BusinessDayRun
    from services.billing.bank_transfers.bank_files import BankFiles
    from services.billing.documents.workshop import Workshop
    from services.billing.forecast.playing import Forecaster
    from services.billing.gateways.registry import Gateways
    from services.billing.payments.card_attempts import CardAttempts
    from services.billing.payments.hosted_page import HostedPages
    from services.billing.payments.inquiry import Inquiry
    from services.billing.refunds.guarantee import ClaimGuarantee
    from services.billing.refunds.refund import Refund
    from services.billing.return_files.run import ReturnFiles
    from services.billing.saved_methods.setup_pages import SetupPages
    from services.billing.webhooks.inbox import Inbox
    from shared.store import Transaction


@dataclass(frozen=True, kw_only=True)
class State:
    """`webhook_secrets`: the secret of each source of webhooks."""

    hosted_pages: "HostedPages"
    setup_pages: "SetupPages"
    card_attempts: "CardAttempts"
    inquiry: "Inquiry"
    gateways: "Gateways"
    inbox: "Inbox"
    days: "BusinessDayRun"
    forecaster: "Forecaster"
    workshop: "Workshop"
    return_files: "ReturnFiles"
    bank_files: "BankFiles"
    claim_guarantee: "Callable[[ClaimGuarantee, Transaction], Awaitable[Refund]]"
    webhook_secrets: dict[str, SecretStr]


def state_of(call: CallContext) -> State:
    """The state, typed."""
    state = call.state
    assert isinstance(state, State), "app.py makes the state"
    return state


def cause_of(call: CallContext) -> Cause:
    """The caller as the cause of transactions that the route does not open itself."""
    return Cause(actor=call.caller.actor, correlation_id=call.request.state.request_id)


def account_of(call: CallContext) -> tuple[UUID, str]:
    """The account and the brand that a client's token speaks for."""
    caller = call.caller
    if caller.account_id is None or caller.brand is None:
        raise Forbidden()
    return caller.account_id, caller.brand


def staff_brand_of(call: CallContext) -> str:
    """The brand that a member of staff works for."""
    if call.caller.brand is None:
        raise Forbidden()
    return call.caller.brand


def check_reader(call: CallContext, account_id: UUID, *, brand: str) -> None:
    """`NotFound` for who is neither of the account nor of the brand's staff.

    `Forbidden` for staff that may not read what is billed.
    """
    call.own(account_id, brand)
    if call.caller.account_id != account_id and BILLING_READ not in call.caller.scopes:
        raise Forbidden(scope=BILLING_READ)
