"""What the accounts service publishes: billing accounts, their contact data and their users."""

from uuid import UUID

from shared.contracts.event import PublicEvent
from shared.personal import Personal


class AccountOpened(PublicEvent, frozen=True, kw_only=True):
    """A client registered; the account has no number yet. Country is ISO 3166-1 alpha-2."""

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


class AccountNumberAssigned(PublicEvent, frozen=True, kw_only=True):
    """The account has its billing account number, which never changes."""

    number: str


class ContactChanged(PublicEvent, frozen=True, kw_only=True):
    """The contact data as they are from now on; later invoices carry them."""

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


class EmailConfirmationRequested(PublicEvent, frozen=True, kw_only=True):
    """A link that confirms the user's address is wanted. The link itself is never published."""

    user_id: UUID


class EmailConfirmed(PublicEvent, frozen=True, kw_only=True):
    """The user opened the link that was sent to the address."""

    user_id: UUID


class RegistrationRepeated(PublicEvent, frozen=True, kw_only=True):
    """Somebody registered with an address that has a user already; its owner is told."""

    user_id: UUID


class PasswordResetRequested(PublicEvent, frozen=True, kw_only=True):
    """A link that sets a new password is wanted. The link itself is never published."""

    user_id: UUID


class PasswordChanged(PublicEvent, frozen=True, kw_only=True):
    """The user has a new password; sessions have ended, save the one that changed it, if any."""

    user_id: UUID
