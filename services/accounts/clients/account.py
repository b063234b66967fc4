"""A billing account: opened -> number assigned once; its contact data change at any time."""

from dataclasses import dataclass
from typing import Self
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from shared.errors import Conflict
from shared.personal import Personal


class AccountAlreadyNumbered(Conflict):
    """The account has its number already, and it never changes."""


@dataclass(frozen=True, kw_only=True)
class Contact:
    """Whom invoices are addressed to. `country` is ISO 3166-1 alpha-2."""

    language: str
    name: str
    email: str
    phone: str
    tax_id: str
    address: str
    city: str
    state: str
    postal_code: str
    country: str


class Account(Aggregate):
    """The client that is billed. `number` is gapless per brand and starts at 100001."""

    TOPIC = "accounts.account"

    class Event(Aggregate.Event):
        TOPIC = "accounts.account.event"

    class Opened(Aggregate.Created):
        TOPIC = "accounts.account.opened"
        brand: str
        user_id: UUID
        language: str
        name: Personal[str]
        email: Personal[str]
        phone: Personal[str]
        tax_id: Personal[str]
        address: Personal[str]
        city: Personal[str]
        state: Personal[str]
        postal_code: Personal[str]
        country: str

    class NumberAssigned(Aggregate.Event):
        TOPIC = "accounts.account.number_assigned"
        number: str

    class ContactChanged(Aggregate.Event):
        TOPIC = "accounts.account.contact_changed"
        language: str
        name: Personal[str]
        email: Personal[str]
        phone: Personal[str]
        tax_id: Personal[str]
        address: Personal[str]
        city: Personal[str]
        state: Personal[str]
        postal_code: Personal[str]
        country: str

    @classmethod
    def open(cls, *, id: UUID, brand: str, user_id: UUID, contact: Contact) -> Self:
        """An account without a number, whose first user is `user_id`."""
        return cls(id=id, brand=brand, user_id=user_id, **vars(contact))

    @event(Opened)
    def __init__(
        self,
        *,
        id: UUID,
        brand: str,
        user_id: UUID,
        language: str,
        name: str,
        email: str,
        phone: str,
        tax_id: str,
        address: str,
        city: str,
        state: str,
        postal_code: str,
        country: str,
    ) -> None:
        self.account_id = id
        self.brand = brand
        self.user_id = user_id
        self.number: str | None = None
        self.contact = Contact(
            language=language,
            name=name,
            email=email,
            phone=phone,
            tax_id=tax_id,
            address=address,
            city=city,
            state=state,
            postal_code=postal_code,
            country=country,
        )

    def assign_number(self, number: str) -> None:
        """Give the account its number. A second one is `AccountAlreadyNumbered`."""
        if self.number is not None:
            raise AccountAlreadyNumbered(number=self.number)
        self._number_assigned(number=number)

    @event(NumberAssigned)
    def _number_assigned(self, number: str) -> None:
        self.number = number

    def change_contact(self, contact: Contact) -> None:
        """Later invoices carry `contact`. The data as they are already change nothing."""
        if contact != self.contact:
            self._contact_changed(**vars(contact))

    @event(ContactChanged)
    def _contact_changed(
        self,
        *,
        language: str,
        name: str,
        email: str,
        phone: str,
        tax_id: str,
        address: str,
        city: str,
        state: str,
        postal_code: str,
        country: str,
    ) -> None:
        self.contact = Contact(
            language=language,
            name=name,
            email=email,
            phone=phone,
            tax_id=tax_id,
            address=address,
            city=city,
            state=state,
            postal_code=postal_code,
            country=country,
        )
