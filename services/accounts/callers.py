"""Which user or service calls."""

from services.accounts.users.credentials import Credential, credential_of
from shared.database import acquire
from shared.errors import Forbidden
from shared.http.call import CallContext


async def current_user(call: CallContext) -> Credential:
    """The credential of the user who calls."""
    assert call.caller.user_id is not None, "the route is for users"
    async with acquire(call.db) as db:
        return await credential_of(db, call.caller.user_id)


def require_issuer(call: CallContext, issuer: str) -> None:
    """`Forbidden` unless the call is signed by this service (or the operator)."""
    if call.caller.issuer != issuer:
        raise Forbidden()
