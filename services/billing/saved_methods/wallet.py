"""An account's saved ways to pay: opened with the first -> saved, preferred, declined, removed.

Of a card it has the gateway's token, the brand, the last four digits and the expiry, never the
number. At most one is the default, which is charged automatically while that is switched on.
"""

from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Self
from uuid import UUID, uuid5

from eventsourcing.domain import Aggregate, event

from services.billing.why.why import Why
from shared.errors import Conflict, NotFound

MOST_METHODS = 10


class SavedMethodUnknown(NotFound):
    """The account has no such saved way to pay."""


class TooManySavedMethods(Conflict):
    """The account has as many saved ways to pay as it may have; remove one first."""


class SavedMethodUnusable(Conflict):
    """The saved way to pay has expired, or its bank said that it will never be charged."""


@dataclass(frozen=True, kw_only=True)
class SavedMethod:
    """One of them. `method`: the brand's way to pay that it belongs to; `gateway`: who keeps it.

    `expires_on`: the last day on which it can be charged; None if it does not expire. `decline`:
    why it is charged no more. `fingerprint`: the same for the same card, however often it is saved.
    """

    id: UUID
    method: str
    gateway: str
    token: str
    kind: str
    card_brand: str
    last_four: str
    expires_on: date | None
    fingerprint: str
    decline: str = ""

    def is_usable(self, today: date) -> bool:
        """Whether it may be charged."""
        return not self.decline and (self.expires_on is None or today <= self.expires_on)


class Wallet(Aggregate):
    """The saved ways to pay of one account, and whether they are charged without being asked."""

    TOPIC = "billing.wallet"

    class Event(Aggregate.Event):
        TOPIC = "billing.wallet.event"

    class Opened(Aggregate.Created):
        TOPIC = "billing.wallet.opened"
        account_id: UUID
        brand: str

    class MethodSaved(Aggregate.Event):
        TOPIC = "billing.wallet.method_saved"
        saved: SavedMethod
        saved_on: date
        is_default: bool

    class MethodRemoved(Aggregate.Event):
        TOPIC = "billing.wallet.method_removed"
        method_id: UUID
        removed_on: date
        reason: str

    class DefaultChosen(Aggregate.Event):
        TOPIC = "billing.wallet.default_chosen"
        method_id: UUID

    class AutopaySwitched(Aggregate.Event):
        TOPIC = "billing.wallet.autopay_switched"
        is_on: bool

    class MethodDeclined(Aggregate.Event):
        TOPIC = "billing.wallet.method_declined"
        method_id: UUID
        payment_id: UUID
        reason: str
        declined_on: date

    class ConfirmationWanted(Aggregate.Event):
        TOPIC = "billing.wallet.confirmation_wanted"
        payment_id: UUID
        invoice_id: UUID
        amount_minor: int
        currency: str

    class ExpiryNoticed(Aggregate.Event):
        TOPIC = "billing.wallet.expiry_noticed"
        method_id: UUID
        expires_on: date
        why: Why

    @staticmethod
    @lru_cache(maxsize=4096)
    def id_of(account_id: UUID) -> UUID:
        return uuid5(account_id, "wallet")

    @classmethod
    def open(cls, *, account_id: UUID, brand: str) -> Self:
        """Empty, with automatic charging on for what will be saved."""
        return cls(id=cls.id_of(account_id), account_id=account_id, brand=brand)

    @event(Opened)
    def __init__(self, *, id: UUID, account_id: UUID, brand: str) -> None:
        self.account_id: UUID | None = account_id
        self.brand = brand
        self.methods: dict[UUID, SavedMethod] = {}
        self.default_id: UUID | None = None
        self.is_autopay_on = True
        self.noticed: frozenset[tuple[UUID, date]] = frozenset()
        self.unconfirmed: frozenset[UUID] = frozenset()
        self.forgotten: dict[UUID, SavedMethod] = {}

    @property
    def is_full(self) -> bool:
        return len(self.methods) >= MOST_METHODS

    def method(self, method_id: UUID) -> SavedMethod:
        """The saved way to pay of that id, or `SavedMethodUnknown`."""
        if method_id not in self.methods:
            raise SavedMethodUnknown()
        return self.methods[method_id]

    def usable(self, method_id: UUID, today: date) -> SavedMethod:
        """The same if it may be charged today. `SavedMethodUnknown`, `SavedMethodUnusable`."""
        method = self.method(method_id)
        if not method.is_usable(today):
            raise SavedMethodUnusable(decline=method.decline)
        return method

    def charged_automatically(self, today: date) -> SavedMethod | None:
        """What may be charged today without being asked: the default, or nothing.

        Another one than the default is never charged: nobody chose it.
        """
        if not self.is_autopay_on or self.default_id is None:
            return None
        default = self.methods[self.default_id]
        return default if default.is_usable(today) else None

    def save(self, new: SavedMethod, *, is_preferred: bool, today: date) -> None:
        """Keep one more. The same token of the same gateway again changes nothing.

        A card that was saved under another token before takes that one's place. It becomes the
        default if it is wanted so, or if there is none that can be charged. `TooManySavedMethods`.
        """
        others = [m for m in self.methods.values() if m.gateway == new.gateway]
        if any(method.token == new.token for method in others):
            return
        before = [m for m in others if new.fingerprint and m.fingerprint == new.fingerprint]
        if len(self.methods) - len(before) >= MOST_METHODS:
            raise TooManySavedMethods(most=MOST_METHODS)
        default = self.methods.get(self.default_id) if self.default_id else None
        is_default = is_preferred or not default or default in before
        is_default = is_default or (default is not None and not default.is_usable(today))
        self._method_saved(saved=new, saved_on=today, is_default=is_default)
        for replaced in before:
            self._method_removed(replaced.id, today, reason="replaced")

    @event(MethodSaved)
    def _method_saved(self, saved: SavedMethod, saved_on: date, *, is_default: bool) -> None:
        self.methods = {**self.methods, saved.id: saved}
        self.default_id = saved.id if is_default else self.default_id

    def remove(self, method_id: UUID, *, today: date) -> SavedMethod:
        """Forget it. Was it the default, there is none until one is chosen.

        A second time, as for one that never was: `SavedMethodUnknown`.
        """
        method = self.method(method_id)
        self._method_removed(method_id, today, reason="removed")
        return method

    @event(MethodRemoved)
    def _method_removed(self, method_id: UUID, removed_on: date, *, reason: str) -> None:
        self.forgotten = {**self.forgotten, method_id: self.methods[method_id]}
        self.methods = {id: kept for id, kept in self.methods.items() if id != method_id}
        self.default_id = None if self.default_id == method_id else self.default_id

    def choose_default(self, method_id: UUID, *, today: date) -> None:
        """Charge this one automatically. Chosen already: nothing.

        `SavedMethodUnknown`, `SavedMethodUnusable`.
        """
        self.usable(method_id, today)
        if self.default_id != method_id:
            self._default_chosen(method_id=method_id)

    @event(DefaultChosen)
    def _default_chosen(self, method_id: UUID) -> None:
        self.default_id = method_id

    def switch_autopay(self, *, to_on: bool) -> None:
        """Charge automatically or not; what is saved stays saved. As it is already: nothing."""
        if to_on != self.is_autopay_on:
            self._autopay_switched(is_on=to_on)

    @event(AutopaySwitched)
    def _autopay_switched(self, is_on: bool) -> None:
        self.is_autopay_on = is_on

    def decline(self, method_id: UUID, *, payment_id: UUID, reason: str, today: date) -> None:
        """Its bank will never let it be charged. Removed meanwhile, or declined before: nothing."""
        method = self.methods.get(method_id)
        if method and not method.decline:
            self._method_declined(method_id, payment_id, reason=reason, declined_on=today)

    @event(MethodDeclined)
    def _method_declined(
        self, method_id: UUID, payment_id: UUID, *, reason: str, declined_on: date
    ) -> None:
        self.methods = {**self.methods, method_id: replace(self.methods[method_id], decline=reason)}

    def want_confirmation(
        self, *, payment_id: UUID, invoice_id: UUID, amount_minor: int, currency: str
    ) -> None:
        """The holder's bank wants them to confirm a charge (3-D Secure). Told once a charge."""
        if payment_id not in self.unconfirmed:
            self._confirmation_wanted(
                payment_id=payment_id,
                invoice_id=invoice_id,
                amount_minor=amount_minor,
                currency=currency,
            )

    @event(ConfirmationWanted)
    def _confirmation_wanted(
        self, payment_id: UUID, invoice_id: UUID, *, amount_minor: int, currency: str
    ) -> None:
        self.unconfirmed |= {payment_id}

    def notice_expiry(self, method_id: UUID, why: Why) -> None:
        """Tell that it expires. Told before, removed meanwhile, or without an expiry: nothing."""
        method = self.methods.get(method_id)
        if method and method.expires_on and (method_id, method.expires_on) not in self.noticed:
            self._expiry_noticed(method_id=method_id, expires_on=method.expires_on, why=why)

    @event(ExpiryNoticed)
    def _expiry_noticed(self, method_id: UUID, expires_on: date, *, why: Why) -> None:
        self.noticed |= {(method_id, expires_on)}
