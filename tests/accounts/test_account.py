"""The billing account, by given / when / then."""

from dataclasses import replace
from uuid import UUID

from services.accounts.clients.account import Account, AccountAlreadyNumbered, Contact
from services.accounts.publishing import publish
from shared.contracts import accounts as contracts
from tests.given import given

ACCOUNT, USER = UUID(int=2), UUID(int=1)
CONTACT = Contact(
    language="pt-BR",
    name="Ana Souza",
    email="ana@example.com",
    phone="+55 11 91234-5678",
    tax_id="529.982.247-25",
    address="Rua das Flores 12",
    city="São Paulo",
    state="SP",
    postal_code="01310-100",
    country="BR",
)
MOVED = replace(CONTACT, city="Recife", state="PE")


def opened() -> Account:
    return Account.open(id=ACCOUNT, brand="ponto", user_id=USER, contact=CONTACT)


def test_an_opened_account_has_contact_data_and_no_number() -> None:
    account = opened()
    assert (account.id, account.account_id, account.brand) == (ACCOUNT, ACCOUNT, "ponto")
    assert (account.number, account.contact) == (None, CONTACT)


def test_the_number_is_assigned_once_and_never_changes() -> None:
    assigned = (Account.NumberAssigned, {"number": "100001"})
    account = given(opened()).when(lambda a: a.assign_number("100001")).then(assigned)
    assert account.number == "100001"
    numbered = opened()
    numbered.assign_number("100001")
    given(numbered).when(lambda a: a.assign_number("100002")).then_refused(AccountAlreadyNumbered)


def test_changed_contact_data_are_recorded_whole() -> None:
    changed = (Account.ContactChanged, vars(MOVED))
    account = given(opened()).when(lambda a: a.change_contact(MOVED)).then(changed)
    assert account.contact == MOVED


def test_the_same_contact_data_change_nothing() -> None:
    given(opened()).when(lambda a: a.change_contact(CONTACT)).then_nothing()


def test_others_learn_of_every_change() -> None:
    account = opened()
    account.assign_number("100001")
    account.change_contact(MOVED)
    opening, numbering, changing = account.pending_events
    assert publish(numbering, account) == contracts.AccountNumberAssigned(number="100001")
    assert publish(changing, account) == contracts.ContactChanged(**vars(MOVED))
    assert publish(opening, opened()) == contracts.AccountOpened(user_id=USER, **vars(CONTACT))
