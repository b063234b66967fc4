"""Commands on billing accounts."""

from dataclasses import dataclass
from uuid import UUID

from services.accounts.clients.account import Account, Contact
from services.accounts.users.credentials import set_language
from shared.store import Transaction

FIRST_NUMBER = 100_001


async def load_account(account_id: UUID, tx: Transaction) -> Account:
    """The account as it is; `NotFound` if there is none."""
    return await tx.load(Account, account_id)


@dataclass(frozen=True, kw_only=True)
class ChangeContact:
    """`expected_version`: the version that the caller has seen."""

    account_id: UUID
    contact: Contact
    expected_version: int


async def change_contact(command: ChangeContact, tx: Transaction) -> Account:
    """The account with its new contact data. `Stale` if it is another version by now."""
    version = command.expected_version
    account = await tx.load(Account, command.account_id, expected_version=version)
    account.change_contact(command.contact)
    await tx.save(account)
    await set_language(await tx.begin(), account_id=account.id, language=command.contact.language)
    return account


async def number_account(account_id: UUID, tx: Transaction) -> Account:
    """The account, numbered now unless it has its number; the caller saves it."""
    account = await tx.load(Account, account_id)
    if account.number is None:
        taken = await tx.next_number(f"{account.brand}/account")
        account.assign_number(str(FIRST_NUMBER - 1 + taken))
    return account
