"""An account's saved ways to pay: shown, added on the gateway's page, chosen, removed."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from services.billing.brands.brand import PaymentMethodNotOnline, PaymentMethodUnknown
from services.billing.contacts.contact import brand_of_account
from services.billing.gateways.port import GatewayCannot
from services.billing.gateways.registry import GatewayNotConfigured
from services.billing.outside_calls import OutcomeUnknown
from services.billing.payments.attempting import count_card_to_save
from services.billing.payments.card_attempts import TooManyCardAttempts
from services.billing.payments.payment import PaymentHasEnded, ReturnPathInvalid
from services.billing.saved_methods.commands import (
    ChooseDefault,
    RemoveMethod,
    SwitchAutopay,
    choose_default,
    remove_method,
    switch_autopay,
)
from services.billing.saved_methods.confirming import NothingToConfirm, confirmation_page
from services.billing.saved_methods.setups import WantSetup
from services.billing.saved_methods.wallet import (
    SavedMethodUnknown,
    SavedMethodUnusable,
    TooManySavedMethods,
)
from services.billing.state import account_of, cause_of, state_of
from shared.contracts.permissions import BILLING_READ
from shared.database import Connection, acquire
from shared.errors import NotFound
from shared.http import Answer, Body, Call, Id, Line, Repeat, Router, Who
from shared.ids import new_id

router = Router(tags=["saved ways to pay"])


class SavedMethodOut(Answer):
    """One of them. `expires_on`: the last day on which it can be charged.

    `decline`: why it is charged no more, as the gateway's stable code; empty if nothing is wrong.
    """

    method_id: UUID
    method: str
    kind: str
    card_brand: str
    last_four: str
    expires_on: date | None
    decline: str


class WalletOut(Answer):
    """`default_id` is charged on the due day of invoices while `is_autopay_on`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "is_autopay_on": True,
                    "default_id": "01939000-0000-7000-8000-000000000031",
                    "methods": [
                        {
                            "method_id": "01939000-0000-7000-8000-000000000031",
                            "method": "card",
                            "kind": "card",
                            "card_brand": "visa",
                            "last_four": "4242",
                            "expires_on": "2028-02-29",
                            "decline": "",
                        }
                    ],
                }
            ]
        }
    )

    is_autopay_on: bool
    default_id: UUID | None
    methods: list[SavedMethodOut]


@router.get("/v1/saved-methods", who=Who.CLIENT)
async def get_saved_methods(call: Call) -> WalletOut:
    """What the account has saved to pay with, oldest first."""
    account_id, _ = account_of(call)
    async with acquire(call.db) as db:
        return await _wallet(account_id, db)


@router.get(
    "/v1/accounts/{account_id}/saved-methods",
    who=Who.STAFF,
    scope=BILLING_READ,
    errors=(NotFound,),
)
async def get_saved_methods_of(account_id: UUID, call: Call) -> WalletOut:
    """What an account has saved to pay with, for staff."""
    async with acquire(call.db) as db:
        call.own(None, await brand_of_account(account_id, db))
        return await _wallet(account_id, db)


async def _wallet(account_id: UUID, db: Connection) -> WalletOut:
    wallet = await db.fetchrow("select * from wallet where account_id = $1", account_id)
    rows = await db.fetch(
        "select * from saved_method where account_id = $1 order by method_id", account_id
    )
    return WalletOut(
        is_autopay_on=wallet["is_autopay_on"] if wallet else True,
        default_id=wallet["default_id"] if wallet else None,
        methods=[SavedMethodOut.model_validate(dict(row)) for row in rows],
    )


class SetupBody(Body):
    """Which of the brand's ways to pay is to be saved, and where its page leads back to."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"method": "card", "return_url_path": "/payment-methods", "is_default": True}
            ]
        }
    )

    method: Line
    return_url_path: Annotated[str, Field(min_length=1, max_length=500)]
    is_default: bool = False

    def wish(self, account_id: UUID, brand: str) -> WantSetup:
        """What is to be recorded."""
        return WantSetup(
            id=new_id(),
            account_id=account_id,
            brand=brand,
            method=self.method,
            return_path=self.return_url_path,
            is_preferred=self.is_default,
        )


class SetupOut(Answer):
    """The gateway's page, where the payer types in what never reaches us."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "setup_id": "01939000-0000-7000-8000-000000000032",
                    "url": "https://gateway.example/setups/set_1",
                }
            ]
        }
    )

    setup_id: UUID
    url: str


@router.post(
    "/v1/saved-methods/setups",
    status_code=201,
    who=Who.CLIENT,
    repeat=Repeat.OWN,
    errors=(
        PaymentMethodUnknown,
        PaymentMethodNotOnline,
        ReturnPathInvalid,
        TooManySavedMethods,
        TooManyCardAttempts,
        GatewayCannot,
        GatewayNotConfigured,
        OutcomeUnknown,
    ),
)
async def post_setup(body: SetupBody, call: Call) -> SetupOut:
    """Open a page on which a way to pay is saved. No transaction is open meanwhile."""
    want = body.wish(*account_of(call))
    await count_card_to_save(call, want.id)
    opened = await state_of(call).setup_pages.open(want, cause=cause_of(call))
    return SetupOut(setup_id=opened.setup_id, url=opened.url)


class SetupStateOut(Answer):
    """`outcome`: saved, failed, expired or refused; null while the page is open."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"outcome": "saved"}]})

    outcome: str | None


@router.post(
    "/v1/saved-methods/setups/{setup_id}/inquiry",
    who=Who.CLIENT,
    repeat=Repeat.OWN,
    errors=(NotFound, GatewayNotConfigured, OutcomeUnknown),
)
async def post_setup_inquiry(setup_id: UUID, call: Call) -> SetupStateOut:
    """Ask the gateway what came of the page, as whoever comes back from it does."""
    account_id, _ = account_of(call)
    setup = await state_of(call).setup_pages.ask_for(setup_id, account_id=account_id)
    return SetupStateOut(outcome=setup.outcome)


@router.delete(
    "/v1/saved-methods/{method_id}",
    status_code=204,
    who=Who.CLIENT,
    errors=(SavedMethodUnknown,),
)
async def delete_saved_method(method_id: UUID, call: Call) -> None:
    """Forget a saved way to pay, here and at its gateway."""
    account_id, brand = account_of(call)
    command = RemoveMethod(account_id=account_id, brand=brand, method_id=method_id)
    await remove_method(command, call.tx)


class DefaultBody(Body):
    """The saved way to pay that is charged automatically."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"method_id": "01939000-0000-7000-8000-000000000031"}]}
    )

    method_id: Id


@router.put(
    "/v1/saved-methods/default",
    status_code=204,
    who=Who.CLIENT,
    errors=(SavedMethodUnknown, SavedMethodUnusable),
)
async def put_default(body: DefaultBody, call: Call) -> None:
    """Choose what is charged automatically. What is due already is charged to it at once."""
    account_id, brand = account_of(call)
    command = ChooseDefault(account_id=account_id, brand=brand, method_id=body.method_id)
    await choose_default(command, call.tx)


class AutopayBody(Body):
    """Whether invoices are charged on their due day."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"is_on": False}]})

    is_on: bool


@router.put("/v1/autopay", status_code=204, who=Who.CLIENT)
async def put_autopay(body: AutopayBody, call: Call) -> None:
    """Switch automatic charging on or off; what is saved stays saved."""
    account_id, brand = account_of(call)
    command = SwitchAutopay(account_id=account_id, brand=brand, to_on=body.is_on)
    await switch_autopay(command, call.tx)


class ConfirmationOut(Answer):
    """The page of the payer's bank, as the gateway leads to it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"url": "https://gateway.example/confirm/chk_1"}]}
    )

    url: str


@router.post(
    "/v1/payments/{payment_id}/confirmation",
    who=Who.CLIENT,
    repeat=Repeat.OWN,
    errors=(NotFound, PaymentHasEnded, NothingToConfirm, GatewayNotConfigured, OutcomeUnknown),
)
async def post_confirmation(payment_id: UUID, call: Call) -> ConfirmationOut:
    """Where to confirm a charge that the bank wants confirmed. No transaction is open meanwhile."""
    account_id, _ = account_of(call)
    url = await confirmation_page(
        payment_id,
        account_id=account_id,
        store=call.store,
        gateways=state_of(call).gateways,
    )
    return ConfirmationOut(url=url)
