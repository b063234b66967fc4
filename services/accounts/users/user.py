"""A person who signs in: registered -> address confirmed; client, staff or both.

The password's hash is a secret and therefore in no event: see `credentials.py`.
"""

from typing import Self
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from shared.personal import Personal


class User(Aggregate):
    """One address of one brand. A pure member of staff has no account."""

    TOPIC = "accounts.user"

    class Event(Aggregate.Event):
        TOPIC = "accounts.user.event"

    class Registered(Aggregate.Created):
        TOPIC = "accounts.user.registered"
        account_id: UUID | None
        brand: str
        email: Personal[str]

    class EmailConfirmationRequested(Aggregate.Event):
        TOPIC = "accounts.user.email_confirmation_requested"

    class EmailConfirmed(Aggregate.Event):
        TOPIC = "accounts.user.email_confirmed"

    class RegistrationRepeated(Aggregate.Event):
        TOPIC = "accounts.user.registration_repeated"

    class PasswordResetRequested(Aggregate.Event):
        TOPIC = "accounts.user.password_reset_requested"

    class PasswordChanged(Aggregate.Event):
        TOPIC = "accounts.user.password_changed"

    class AppointedToStaff(Aggregate.Event):
        TOPIC = "accounts.user.appointed_to_staff"
        name: Personal[str]
        role: str = "admin"

    @classmethod
    def register(cls, *, id: UUID, account_id: UUID | None, brand: str, email: str) -> Self:
        """A user who cannot sign in yet. `email` is in its normal form."""
        return cls(id=id, account_id=account_id, brand=brand, email=email)

    @event(Registered)
    def __init__(self, *, id: UUID, account_id: UUID | None, brand: str, email: str) -> None:
        self.account_id = account_id
        self.brand = brand
        self.email = email
        self.is_confirmed = False
        self.staff_name: str | None = None
        self.staff_role = ""

    @property
    def scopes(self) -> list[str]:
        """What the user may act as: `client`, `staff` or both."""
        client = ["client"] if self.account_id else []
        return client + (["staff"] if self.staff_name else [])

    def register_again(self) -> None:
        """Somebody registers with this address: its owner is told, or asked to confirm."""
        if self.is_confirmed:
            self._registration_repeated()
        else:
            self.request_email_confirmation()

    @event(EmailConfirmationRequested)
    def request_email_confirmation(self) -> None:
        """Ask for a mail with a link that confirms the address."""

    @event(RegistrationRepeated)
    def _registration_repeated(self) -> None:
        pass

    def confirm_email(self) -> None:
        """The address belongs to the user, who may sign in from now on. A repeat does nothing."""
        if not self.is_confirmed:
            self._email_confirmed()

    @event(EmailConfirmed)
    def _email_confirmed(self) -> None:
        self.is_confirmed = True

    @event(PasswordResetRequested)
    def request_password_reset(self) -> None:
        """Ask for a mail with a link that sets a new password; allowed in every state."""

    @event(PasswordChanged)
    def change_password(self) -> None:
        """The credential of the user is another one from now on."""

    def appoint_to_staff(self, *, name: str, role: str) -> None:
        """The user works for the brand in this role, which vouches for the address.

        A repeat does nothing.
        """
        if (self.staff_name, self.staff_role) != (name, role):
            self._appointed_to_staff(name=name, role=role)

    @event(AppointedToStaff)
    def _appointed_to_staff(self, name: str, role: str) -> None:
        self.staff_name, self.staff_role = name, role
        self.is_confirmed = True
