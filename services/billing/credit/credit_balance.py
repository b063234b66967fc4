"""Credit: money of an account that we hold, in one currency; opened with the first of it.

It grows by what payments leave over, credit notes and gifts, and shrinks by what invoices use of it
and by what is paid out. Amounts in minor units of `currency`.
"""

from functools import lru_cache
from typing import Self
from uuid import UUID, uuid5

from eventsourcing.domain import Aggregate, event

from services.billing.why.why import Why
from shared.errors import Conflict


class CreditAlreadyAdded(Conflict):
    """What this payment, note or gift brings has been added before."""


class CreditTooSmall(Conflict):
    """The account has less credit than that."""


class CreditBalance(Aggregate):
    """What an account has with us in one currency; never below zero."""

    TOPIC = "billing.credit_balance"

    class Event(Aggregate.Event):
        TOPIC = "billing.credit_balance.event"

    class Opened(Aggregate.Created):
        TOPIC = "billing.credit_balance.opened"
        account_id: UUID
        brand: str
        currency: str

    class Added(Aggregate.Event):
        TOPIC = "billing.credit_balance.added"
        amount_minor: int
        reason: str
        payment_id: UUID
        why: Why | None = None

    class Given(Aggregate.Event):
        TOPIC = "billing.credit_balance.given"
        amount_minor: int
        source: str
        reference_id: UUID
        reason: str
        why: Why | None = None

    class Applied(Aggregate.Event):
        TOPIC = "billing.credit_balance.applied"
        application_id: UUID
        invoice_id: UUID
        amount_minor: int
        why: Why | None = None
        is_prepayment: bool = False

    class Released(Aggregate.Event):
        TOPIC = "billing.credit_balance.released"
        application_id: UUID
        invoice_id: UUID
        amount_minor: int
        why: Why | None = None
        is_prepayment: bool = False

    class Withdrawn(Aggregate.Event):
        TOPIC = "billing.credit_balance.withdrawn"
        withdrawal_id: UUID
        amount_minor: int
        reason: str
        why: Why | None = None

    @staticmethod
    @lru_cache(maxsize=4096)
    def id_of(account_id: UUID, currency: str) -> UUID:
        return uuid5(account_id, f"credit:{currency}")

    @classmethod
    def open(cls, *, account_id: UUID, brand: str, currency: str) -> Self:
        """An empty balance."""
        return cls(
            id=cls.id_of(account_id, currency),
            account_id=account_id,
            brand=brand,
            currency=currency,
        )

    @event(Opened)
    def __init__(self, *, id: UUID, account_id: UUID, brand: str, currency: str) -> None:
        self.account_id: UUID | None = account_id
        self.brand = brand
        self.currency = currency
        self.balance_minor = 0
        self.sources: frozenset[UUID] = frozenset()
        self.uses: dict[UUID, int] = {}

    def add(
        self, *, amount_minor: int, reason: str, payment_id: UUID, why: Why | None = None
    ) -> None:
        """Keep what a payment left over. The same payment again is `CreditAlreadyAdded`."""
        self._check_new(payment_id, amount_minor=amount_minor)
        self._added(amount_minor=amount_minor, reason=reason, payment_id=payment_id, why=why)

    @event(Added)
    def _added(self, amount_minor: int, reason: str, *, payment_id: UUID, why: Why | None) -> None:
        self.balance_minor += amount_minor
        self.sources |= {payment_id}

    def give(
        self,
        *,
        amount_minor: int,
        source: str,
        reference_id: UUID,
        reason: str,
        why: Why | None = None,
    ) -> None:
        """Add what no payment brought. `source`: credit_note, prepayment, or staff for a gift.

        The same reference again is `CreditAlreadyAdded`.
        """
        self._check_new(reference_id, amount_minor=amount_minor)
        self._given(
            amount_minor=amount_minor,
            source=source,
            reference_id=reference_id,
            reason=reason,
            why=why,
        )

    @event(Given)
    def _given(
        self,
        amount_minor: int,
        source: str,
        *,
        reference_id: UUID,
        reason: str,
        why: Why | None,
    ) -> None:
        self.balance_minor += amount_minor
        self.sources |= {reference_id}

    def apply(
        self,
        *,
        application_id: UUID,
        invoice_id: UUID,
        amount_minor: int,
        is_prepayment: bool = False,
        why: Why | None = None,
    ) -> None:
        """Use some of it for an invoice; `CreditTooSmall` beyond the balance. Each use is new.

        `is_prepayment`: see `Settlement`.
        """
        assert application_id not in self.uses, "each use has an id of its own"
        self._check_covers(amount_minor)
        self._applied(
            application_id=application_id,
            invoice_id=invoice_id,
            amount_minor=amount_minor,
            is_prepayment=is_prepayment,
            why=why,
        )

    @event(Applied)
    def _applied(
        self,
        application_id: UUID,
        invoice_id: UUID,
        *,
        amount_minor: int,
        is_prepayment: bool,
        why: Why | None,
    ) -> None:
        self.balance_minor -= amount_minor
        self.uses = {**self.uses, application_id: amount_minor}

    def release(
        self,
        *,
        application_id: UUID,
        invoice_id: UUID,
        is_prepayment: bool = False,
        why: Why | None = None,
    ) -> None:
        """Take a use back, as the invoice became void. What is not in use: nothing changes."""
        if application_id in self.uses:
            self._released(
                application_id=application_id,
                invoice_id=invoice_id,
                amount_minor=self.uses[application_id],
                is_prepayment=is_prepayment,
                why=why,
            )

    @event(Released)
    def _released(
        self,
        application_id: UUID,
        invoice_id: UUID,
        *,
        amount_minor: int,
        is_prepayment: bool,
        why: Why | None,
    ) -> None:
        self.balance_minor += amount_minor
        self.uses = {key: used for key, used in self.uses.items() if key != application_id}

    def withdraw(
        self, *, withdrawal_id: UUID, amount_minor: int, reason: str, why: Why | None = None
    ) -> None:
        """Pay some of it out, or take back a gift; `CreditTooSmall` beyond the balance."""
        self._check_covers(amount_minor)
        self._withdrawn(
            withdrawal_id=withdrawal_id, amount_minor=amount_minor, reason=reason, why=why
        )

    @event(Withdrawn)
    def _withdrawn(
        self, withdrawal_id: UUID, amount_minor: int, *, reason: str, why: Why | None
    ) -> None:
        self.balance_minor -= amount_minor

    def _check_new(self, source: UUID, *, amount_minor: int) -> None:
        assert amount_minor > 0, "credit grows"
        if source in self.sources:
            raise CreditAlreadyAdded()

    def _check_covers(self, amount_minor: int) -> None:
        assert amount_minor > 0, "credit is money"
        if amount_minor > self.balance_minor:
            raise CreditTooSmall(balance_minor=self.balance_minor, currency=self.currency)
