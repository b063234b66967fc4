"""Saved cards for tests: kept without a page of the gateway, and what came of them."""

from typing import Any
from uuid import UUID

from services.billing.saved_methods.commands import KeepMethod, keep_method
from services.billing.saved_methods.wallet import SavedMethod
from shared.ids import new_id
from shared.store import Cause
from tests.billing.house import House
from tests.billing.samples import saved_card

CAUSE = Cause(actor="test")


async def keep_card(house: House, account_id: UUID, **changed: Any) -> SavedMethod:
    """Let the account have a card that the sandbox gateway keeps."""
    saved = saved_card(**{"id": new_id(), **changed})
    command = KeepMethod(account_id=account_id, brand="ponto", saved=saved, is_preferred=False)

    async def keep(tx: Any) -> None:
        await keep_method(command, tx)

    await house.store.run(CAUSE, keep)
    await house.catch_up()
    return saved
