"""Which facts of this service the others learn, and in which words.

What concerns a member of staff who has no account stays in the house: others have no key for it.
"""

from typing import Any

from services.accounts.clients.account import Account
from services.accounts.users.user import User
from shared.contracts import PublicEvent
from shared.contracts.accounts import (
    AccountNumberAssigned,
    AccountOpened,
    ContactChanged,
    EmailConfirmationRequested,
    EmailConfirmed,
    PasswordChanged,
    PasswordResetRequested,
    RegistrationRepeated,
)
from shared.store import DomainEvent


def publish(event: DomainEvent, aggregate: Any) -> PublicEvent | None:
    """The public event that the domain event becomes, or None."""
    match aggregate:
        case Account() as account:
            return _publish_account(event, account)
        case User() as user if user.account_id is not None:
            return _publish_user(event, user)
        case _:
            return None


def _publish_account(event: DomainEvent, account: Account) -> PublicEvent | None:
    match event:
        case Account.Opened():
            return AccountOpened(user_id=account.user_id, **vars(account.contact))
        case Account.NumberAssigned():
            return AccountNumberAssigned(number=event.number)
        case Account.ContactChanged():
            return ContactChanged(**vars(account.contact))
        case _:
            return None


def _publish_user(event: DomainEvent, user: User) -> PublicEvent | None:
    match event:
        case User.EmailConfirmationRequested():
            return EmailConfirmationRequested(user_id=user.id)
        case User.EmailConfirmed():
            return EmailConfirmed(user_id=user.id)
        case User.RegistrationRepeated():
            return RegistrationRepeated(user_id=user.id)
        case User.PasswordResetRequested():
            return PasswordResetRequested(user_id=user.id)
        case User.PasswordChanged():
            return PasswordChanged(user_id=user.id)
        case _:
            return None
