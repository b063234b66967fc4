"""The user, by given / when / then."""

from typing import Any
from uuid import UUID

from eventsourcing.domain import CanMutateAggregate

from services.accounts.publishing import publish
from services.accounts.users.user import User
from shared.contracts import accounts as contracts
from tests.given import given

USER, ACCOUNT = UUID(int=1), UUID(int=2)
Happened = tuple[type[CanMutateAggregate[UUID]], dict[str, Any]]


def registered(account_id: UUID | None = ACCOUNT) -> User:
    return User.register(id=USER, account_id=account_id, brand="ponto", email="ana@example.com")


def confirmed(account_id: UUID | None = ACCOUNT) -> User:
    user = registered(account_id)
    user.confirm_email()
    return user


def appoint(user: User) -> None:
    user.appoint_to_staff(name="Bia", role="billing")


def test_a_registered_user_is_a_client_whose_address_is_not_confirmed() -> None:
    user = registered()
    assert (user.id, user.brand, user.scopes) == (USER, "ponto", ["client"])
    assert not user.is_confirmed


def test_asking_for_confirmation_asks_for_a_mail_each_time() -> None:
    asked_before = registered()
    asked_before.request_email_confirmation()
    for user in (registered(), asked_before):
        asked: Happened = (User.EmailConfirmationRequested, {})
        given(user).when(User.request_email_confirmation).then(asked)


def test_opening_the_link_confirms_the_address_once() -> None:
    user = given(registered()).when(User.confirm_email).then((User.EmailConfirmed, {}))
    assert user.is_confirmed
    given(confirmed()).when(User.confirm_email).then_nothing()


def test_registering_again_asks_an_unconfirmed_user_to_confirm() -> None:
    asked: Happened = (User.EmailConfirmationRequested, {})
    given(registered()).when(User.register_again).then(asked)


def test_registering_again_tells_the_owner_of_a_confirmed_address() -> None:
    given(confirmed()).when(User.register_again).then((User.RegistrationRepeated, {}))


def test_a_reset_may_be_asked_for_in_every_state() -> None:
    for user in (registered(), confirmed()):
        asked: Happened = (User.PasswordResetRequested, {})
        given(user).when(User.request_password_reset).then(asked)


def test_changing_the_password_says_so_and_nothing_more() -> None:
    given(confirmed()).when(User.change_password).then((User.PasswordChanged, {}))


def test_an_appointed_user_is_staff_with_a_confirmed_address() -> None:
    user = registered(account_id=None)
    given(user).when(appoint).then((User.AppointedToStaff, {"name": "Bia", "role": "billing"}))
    appoint(user)
    assert (user.scopes, user.is_confirmed) == (["staff"], True)
    given(user).when(appoint).then_nothing()


def test_a_client_who_is_appointed_is_both() -> None:
    user = confirmed()
    user.appoint_to_staff(name="Bia", role="admin")
    assert user.scopes == ["client", "staff"]


def test_others_learn_of_a_client_and_not_of_pure_staff() -> None:
    client, staff = confirmed(), confirmed(account_id=None)
    for user in (client, staff):
        user.request_email_confirmation()
        user.register_again()
        user.request_password_reset()
        user.change_password()
        user.appoint_to_staff(name="Bia", role="admin")
    assert [publish(event, client) for event in client.pending_events] == [
        None,
        contracts.EmailConfirmed(user_id=USER),
        contracts.EmailConfirmationRequested(user_id=USER),
        contracts.RegistrationRepeated(user_id=USER),
        contracts.PasswordResetRequested(user_id=USER),
        contracts.PasswordChanged(user_id=USER),
        None,
    ]
    assert {publish(event, staff) for event in staff.pending_events} == {None}
