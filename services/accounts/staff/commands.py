"""Commands on a brand's staff."""

from dataclasses import dataclass
from uuid import UUID

from services.accounts.sessions.sessions import end_sessions
from services.accounts.staff.roles import Role
from services.accounts.users.credentials import (
    add_credential,
    credential_by_email,
    set_password_hash,
    update_credential,
)
from services.accounts.users.user import User
from shared.errors import ConcurrentWrite
from shared.store import Transaction


@dataclass(frozen=True, kw_only=True)
class AppointStaff:
    """`password_hash` is None when the user's password is the wanted one already."""

    user_id: UUID
    brand: str
    email: str
    name: str
    role: Role
    language: str
    password_hash: str | None


async def appoint_staff(command: AppointStaff, tx: Transaction) -> User:
    """The user of that address as a member of staff. A repeat of the same changes nothing."""
    known = await credential_by_email(tx.read, brand=command.brand, email=command.email)
    if known is None:
        return await _hire(command, tx)
    user = await tx.load(User, known.user_id)
    db = await tx.begin()
    user.appoint_to_staff(name=command.name, role=command.role)
    if command.password_hash:
        user.change_password()
        await set_password_hash(db, user_id=user.id, password_hash=command.password_hash)
        await end_sessions(db, user.id)
    await tx.save(user)
    await update_credential(db, user)
    return user


async def _hire(command: AppointStaff, tx: Transaction) -> User:
    user = User.register(
        id=command.user_id, account_id=None, brand=command.brand, email=command.email
    )
    user.appoint_to_staff(name=command.name, role=command.role)
    assert command.password_hash, "a new user has a password"
    is_new = await add_credential(
        await tx.begin(), user, password_hash=command.password_hash, language=command.language
    )
    if not is_new:
        raise ConcurrentWrite()
    await tx.save(user)
    return user
