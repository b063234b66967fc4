"""The table `credential`: who may sign in by which address, and the hash of the password.

Its rows are written in the transaction of the command that records the user's event; the unique
address per brand is what no single `User` can protect.
"""

from dataclasses import dataclass
from uuid import UUID

import asyncpg

from services.accounts.staff.roles import permissions_of
from services.accounts.users.user import User
from shared.database import Connection, Reads
from shared.errors import NotFound


@dataclass(frozen=True, kw_only=True)
class Credential:
    """A row: what sign-in and sessions need to know of a user."""

    user_id: UUID
    brand: str
    email: str
    account_id: UUID | None
    language: str
    is_confirmed: bool
    is_staff: bool
    staff_role: str
    password_hash: str

    @property
    def scopes(self) -> list[str]:
        """What the user may act as."""
        client = ["client"] if self.account_id else []
        return client + (["staff"] if self.is_staff else [])

    @property
    def token_scopes(self) -> list[str]:
        """The same, and what a member of staff may do in its role."""
        return self.scopes + list(permissions_of(self.staff_role))


async def credential_by_email(db: Reads, *, brand: str, email: str) -> Credential | None:
    """Who signs in to the brand by the address (in its normal form), if anybody does."""
    row = await db.fetchrow(
        "select * from credential where brand = $1 and email = $2", brand, email
    )
    return _credential(row) if row else None


async def credential_of(db: Reads, user_id: UUID) -> Credential:
    """The user's credential, else `NotFound`."""
    row = await db.fetchrow("select * from credential where user_id = $1", user_id)
    if row is None:
        raise NotFound()
    return _credential(row)


async def add_credential(db: Connection, user: User, *, password_hash: str, language: str) -> bool:
    """Take the address for the user; False if somebody has it. Waits for a rival transaction."""
    taken = await db.fetchval(
        """insert into credential (user_id, brand, email, account_id, language, is_confirmed,
                                   is_staff, staff_role, password_hash)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
           on conflict (brand, email) do nothing returning true""",
        user.id,
        user.brand,
        user.email,
        user.account_id,
        language,
        user.is_confirmed,
        user.staff_name is not None,
        user.staff_role,
        password_hash,
    )
    return bool(taken)


async def update_credential(db: Connection, user: User) -> None:
    """What the user may do, as it is after the command."""
    await db.execute(
        """update credential set is_confirmed = $2, is_staff = $3, staff_role = $4
           where user_id = $1""",
        user.id,
        user.is_confirmed,
        user.staff_name is not None,
        user.staff_role,
    )


async def set_language(db: Connection, *, account_id: UUID, language: str) -> None:
    """The language that the account's users are shown."""
    await db.execute(
        "update credential set language = $2 where account_id = $1", account_id, language
    )


async def set_password_hash(db: Connection, *, user_id: UUID, password_hash: str) -> None:
    """The user's password is another one, or its hash was made anew."""
    await db.execute(
        "update credential set password_hash = $2 where user_id = $1", user_id, password_hash
    )


def _credential(row: asyncpg.Record) -> Credential:
    return Credential(
        user_id=row["user_id"],
        brand=row["brand"],
        email=row["email"],
        account_id=row["account_id"],
        language=row["language"],
        is_confirmed=row["is_confirmed"],
        is_staff=row["is_staff"],
        staff_role=row["staff_role"],
        password_hash=row["password_hash"],
    )
