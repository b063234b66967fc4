"""From a password that somebody chose to the hash that is stored."""

from services.accounts.brands.lookups import find_brand
from services.accounts.state import state_of
from services.accounts.users.password import new_password
from shared.database import acquire
from shared.http.call import CallContext


async def hash_of_new_password(call: CallContext, password: str, *, brand: str, email: str) -> str:
    """The hash, if the password may be chosen; else one of the refusals of `password.py`."""
    async with acquire(call.db) as db:
        known = await find_brand(db, brand)
    names = [brand, known.name] if known else [brand]
    normal = new_password(password, email=email, names=names)
    return await state_of(call).hashing.hash(normal)
