"""Commands on users. Passwords arrive hashed: hashing takes too long for a transaction."""

from dataclasses import dataclass
from uuid import UUID

from services.accounts.clients.account import Account, Contact
from services.accounts.clients.commands import number_account
from services.accounts.sessions.attempts import forgive, sign_ins_of
from services.accounts.sessions.sessions import end_sessions
from services.accounts.users.credentials import (
    add_credential,
    credential_by_email,
    set_password_hash,
    update_credential,
)
from services.accounts.users.links import LinkKind, use_link
from services.accounts.users.user import User
from shared.store import Transaction


@dataclass(frozen=True, kw_only=True)
class RegisterClient:
    """Ids are fresh; they are dropped when the address has a user already."""

    user_id: UUID
    account_id: UUID
    brand: str
    contact: Contact
    password_hash: str


async def register_client(command: RegisterClient, tx: Transaction) -> None:
    """Open an account with its first user; with a known address only its owner is told."""
    brand, contact = command.brand, command.contact
    user = User.register(
        id=command.user_id, account_id=command.account_id, brand=brand, email=contact.email
    )
    is_new = await add_credential(
        await tx.begin(), user, password_hash=command.password_hash, language=contact.language
    )
    if not is_new:
        await _register_again(user, tx)
        return
    account = Account.open(id=command.account_id, brand=brand, user_id=user.id, contact=contact)
    user.request_email_confirmation()
    await tx.save(account, user)


async def _register_again(applicant: User, tx: Transaction) -> None:
    known = await credential_by_email(tx.read, brand=applicant.brand, email=applicant.email)
    assert known is not None, "an address that is taken has a credential"
    user = await tx.load(User, known.user_id)
    user.register_again()
    await tx.save(user)


@dataclass(frozen=True, kw_only=True)
class ConfirmEmail:
    """`token` is that of the link that was mailed."""

    token: str


async def confirm_email(command: ConfirmEmail, tx: Transaction) -> None:
    """The user may sign in, the account has its number. `LinkInvalid` for a bad link."""
    db = await tx.begin()
    user_id = await use_link(db, command.token, kind=LinkKind.EMAIL_CONFIRMATION, now=tx.now)
    await _save_confirmed(await tx.load(User, user_id), tx)


async def _save_confirmed(user: User, tx: Transaction) -> None:
    """The user has shown that the address is theirs: note it, and number the account."""
    user.confirm_email()
    numbered = [await number_account(user.account_id, tx)] if user.account_id else []
    await tx.save(user, *numbered)
    await update_credential(await tx.begin(), user)


@dataclass(frozen=True, kw_only=True)
class RequestPasswordReset:
    """Somebody says to have forgotten the password of this address."""

    brand: str
    email: str


async def request_password_reset(command: RequestPasswordReset, tx: Transaction) -> None:
    """Ask for the mail with the link; an unknown address changes nothing."""
    known = await credential_by_email(tx.read, brand=command.brand, email=command.email)
    if known is None:
        return
    user = await tx.load(User, known.user_id)
    user.request_password_reset()
    await tx.save(user)


@dataclass(frozen=True, kw_only=True)
class ResetPassword:
    """`token` is that of the link that was mailed."""

    token: str
    password_hash: str


async def reset_password(command: ResetPassword, tx: Transaction) -> None:
    """Set the password, end every session and every lock; the link also confirms the address."""
    db = await tx.begin()
    user_id = await use_link(db, command.token, kind=LinkKind.PASSWORD_RESET, now=tx.now)
    user = await tx.load(User, user_id)
    user.change_password()
    await _save_confirmed(user, tx)
    await set_password_hash(db, user_id=user.id, password_hash=command.password_hash)
    await end_sessions(db, user.id)
    await forgive(db, sign_ins_of(user.brand, user.email))


@dataclass(frozen=True, kw_only=True)
class ChangePassword:
    """`kept_session`: the token of the session that the change comes from."""

    user_id: UUID
    password_hash: str
    kept_session: str | None = None


async def change_password(command: ChangePassword, tx: Transaction) -> None:
    """Set the password and end the user's other sessions."""
    user = await tx.load(User, command.user_id)
    user.change_password()
    await tx.save(user)
    db = await tx.begin()
    await set_password_hash(db, user_id=user.id, password_hash=command.password_hash)
    await end_sessions(db, user.id, but=command.kept_session)
    await forgive(db, sign_ins_of(user.brand, user.email))
