"""Where a request comes from: the portal in front passes the visitor's address on."""

from shared.errors import Invalid, Unauthenticated
from shared.http.call import CallContext
from shared.networks import ADDRESS_HEADER, VOUCHER_HEADER, network_of
from shared.tokens import INTERNAL


class ClientAddressMalformed(Invalid):
    """The header Faktura-Client-Address is no IP address."""


async def network_of_visitor(call: CallContext) -> str:
    """The network of the visitor. The header counts only where a service has signed for it."""
    client = call.request.client
    address = client.host if client else "0.0.0.0"  # noqa: S104
    if await _is_vouched_for(call):
        address = call.request.headers.get(ADDRESS_HEADER, address)
    try:
        return network_of(address)
    except ValueError as error:
        raise ClientAddressMalformed() from error


async def _is_vouched_for(call: CallContext) -> bool:
    """Whether a service has signed the call, or a voucher beside the user's token."""
    if INTERNAL in call.caller.scopes:
        return True
    voucher = call.request.headers.get(VOUCHER_HEADER, "")
    if not voucher:
        return False
    try:
        caller = await call.request.app.state.verifier.check(voucher)
    except Unauthenticated:
        return False
    return INTERNAL in caller.scopes
