"""The billing account of the client who is signed in."""

from datetime import datetime
from functools import partial
from uuid import UUID

from services.accounts.brands.lookups import LanguageNotOffered, brand_named
from services.accounts.clients.account import Account
from services.accounts.clients.commands import ChangeContact, change_contact, load_account
from services.accounts.request_fields import ContactBody, Email
from services.accounts.transactions import in_transaction
from shared.errors import Conflict, Invalid, NotFound, Stale
from shared.http import Answer, Call, Router, Who

router = Router(tags=["account"])


class VersionMissing(Invalid):
    """This request needs an If-Match header with the version that it changes."""


class EmailNotChangedHere(Conflict):
    """The address for sign-in does not change with the contact data."""


class ContactOut(Answer):
    """Whom invoices are addressed to."""

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


class AccountOut(Answer):
    """A billing account; it has no number until its first user confirmed the address."""

    id: UUID
    number: str | None
    brand: str
    opened_at: datetime
    contact: ContactOut


@router.get("/v1/account", who=Who.CLIENT)
async def get_account(call: Call) -> AccountOut:
    """The account, with its version as the ETag."""
    account = await _own_account(call)
    return AccountOut(
        id=account.id,
        number=account.number,
        brand=account.brand,
        opened_at=account.created_on,
        contact=_contact_out(account, call),
    )


@router.get("/v1/account/contact", who=Who.CLIENT)
async def get_contact(call: Call) -> ContactOut:
    """The contact data, with the account's version as the ETag."""
    return _contact_out(await _own_account(call), call)


class ContactChangeBody(ContactBody):
    """`email` may be left out; if it is given, it is the present one."""

    email: Email | None = None


@router.put(
    "/v1/account/contact",
    who=Who.CLIENT,
    errors=(VersionMissing, LanguageNotOffered, EmailNotChangedHere, NotFound, Stale),
)
async def put_contact(body: ContactChangeBody, call: Call) -> ContactOut:
    """The contact data from now on. The data as they are already change nothing."""
    account = await load_account(_account_id(call), call.tx)
    call.own(account.id, account.brand)
    email = account.contact.email
    if body.email not in {None, email}:
        raise EmailNotChangedHere()
    (await brand_named(call.tx.read, account.brand)).check_language(body.language)
    contact, version = body.contact(email=email), _version(call)
    command = ChangeContact(account_id=account.id, contact=contact, expected_version=version)
    return _contact_out(await change_contact(command, call.tx), call)


async def _own_account(call: Call) -> Account:
    account = await in_transaction(call, partial(load_account, _account_id(call)))
    call.own(account.id, account.brand)
    return account


def _account_id(call: Call) -> UUID:
    account_id = call.caller.account_id
    assert account_id is not None, "the route is for clients"
    return account_id


def _version(call: Call) -> int:
    if call.expected_version is None:
        raise VersionMissing()
    return call.expected_version


def _contact_out(account: Account, call: Call) -> ContactOut:
    call.etag(account.version)
    return ContactOut.model_validate(account.contact)
