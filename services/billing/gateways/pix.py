"""PIX as a gateway: a code to scan or paste, a charge at the PSP behind it, its word about it."""

from datetime import timedelta
from functools import partial
from typing import Literal
from uuid import UUID

from services.billing.brands.brand import Brand
from services.billing.gateways.port import Capabilities, Gateway, Opened, PageRequest, Reported
from services.billing.pix.br_code import static_code
from services.billing.pix.commands import (
    EndPix,
    OpenPix,
    RequestPix,
    end_pix,
    open_pix,
    request_pix,
)
from services.billing.pix.fields import BrCodeInvalid
from services.billing.pix.pix_charge import PixCharge
from services.billing.pix.psp import PixPsp, ReceivedPix
from services.billing.pix.receiver import PixReceiver
from services.billing.pix.txid import payment_of
from shared.store import Cause, EventStore, Transaction

NAME = "pix"
REAL = "BRL"
CAUSE = Cause(actor="gateway:pix")
GRACE = timedelta(minutes=5)
"""A PIX that was begun in time may be told a little later."""

Status = Literal["open", "succeeded", "expired"]


class PixGateway(Gateway):
    """See `Gateway`. The id of an attempt is its txid."""

    name = NAME
    capabilities = Capabilities(instructions=True, expires=True)

    def __init__(self, *, store: EventStore, psp: PixPsp) -> None:
        self._store = store
        self._psp = psp

    async def open(self, request: PageRequest) -> Opened:
        """See `Gateway.open`. The code is kept, so that it is shown again without asking."""
        payment_id = UUID(request.reference)
        wanted = RequestPix(payment_id=payment_id, now=self._store.clock.now())
        charge = await self._store.run(CAUSE, partial(request_pix, wanted))
        if not charge.copy_and_paste:
            await self._psp.tell_where(charge.key)
            text = await self._code(charge)
            opened = OpenPix(payment_id=payment_id, copy_and_paste=text)
            charge = await self._store.run(CAUSE, partial(open_pix, opened))
        return Opened(
            id=charge.txid,
            instructions={
                "copy_and_paste": charge.copy_and_paste,
                "txid": charge.txid,
                "expires_at": charge.expires_at.isoformat(),
            },
        )

    async def look(self, id: str) -> Reported | None:
        """See `Gateway.look`."""
        try:
            payment_id = payment_of(id)
        except BrCodeInvalid:
            return None
        return await self.find(str(payment_id))

    async def find(self, reference: str) -> Reported | None:
        """See `Gateway.find`. A code whose time is over has expired, whatever the PSP calls it."""
        charge = await self._charge(UUID(reference))
        if charge is None or not charge.copy_and_paste:
            return None
        if charge.is_static:
            received = await self._psp.received(charge, now=self._store.clock.now())
            return await self._told(charge, received[:1], is_active=charge.status == "open")
        cob = await self._psp.cob(charge)
        if cob is None:
            return None
        return await self._told(charge, cob.pix[:1], is_active=cob.status == "ATIVA")

    async def expire(self, id: str) -> Reported:
        """See `Gateway.expire`. A static code stays good at the payer's bank: it says only here
        that it is not to be paid, and what comes by it yet is booked."""
        payment_id = payment_of(id)
        end = EndPix(payment_id=payment_id, reason="withdrawn")
        charge = await self._charge(payment_id)
        assert charge is not None, "who closes an attempt has opened it"
        if charge.is_static:
            charge = await self._store.run(CAUSE, partial(end_pix, end))
            received = await self._psp.received(charge, now=self._store.clock.now())
            return await self._told(charge, received[:1], is_active=False)
        cob = await self._psp.remove(charge)
        reported = await self._told(charge, cob.pix[:1], is_active=cob.status == "ATIVA")
        if reported.status == "expired":
            await self._store.run(CAUSE, partial(end_pix, end))
        return reported

    async def received(self, payment_id: UUID) -> list[ReceivedPix]:
        """Every PIX that came by the code of an attempt."""
        charge = await self._charge(payment_id)
        return await self._psp.received(charge, now=self._store.clock.now()) if charge else []

    async def close(self) -> None:
        """Close the connections."""
        await self._psp.close()

    async def _code(self, charge: PixCharge) -> str:
        if not charge.is_static:
            return (await self._psp.put(charge)).copy_and_paste
        receiver = await self._store.run(CAUSE, partial(_receiver, charge=charge))
        return static_code(
            charge.key,
            name=receiver.name,
            city=receiver.city,
            amount_minor=charge.amount_minor,
            txid=charge.txid,
        ).payload

    async def _charge(self, payment_id: UUID) -> PixCharge | None:
        async with self._store.transaction(CAUSE) as tx:
            return await tx.find(PixCharge, PixCharge.id_of(payment_id))

    async def _told(
        self, charge: PixCharge, received: list[ReceivedPix], *, is_active: bool
    ) -> Reported:
        status: Status = "open"
        if received:
            status = "succeeded"
        elif not is_active or self._store.clock.now() > charge.expires_at + GRACE:
            status = "expired"
        if status == "expired" and is_active:
            end = EndPix(payment_id=charge.payment_id, reason="expired")
            await self._store.run(CAUSE, partial(end_pix, end))
        return Reported(
            id=charge.txid,
            reference=str(charge.payment_id),
            amount_minor=received[0].amount_minor if received else charge.amount_minor,
            currency=REAL,
            status=status,
            paid_on=received[0].paid_on if received else None,
        )


async def _receiver(tx: Transaction, *, charge: PixCharge) -> PixReceiver:
    brand = await tx.look_at(Brand, Brand.id_of(charge.brand))
    return brand.settings.pix_receiver(charge.receiver)
