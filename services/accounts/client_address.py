"""Where a request comes from: the portal in front passes the visitor's address on."""

from shared.http.call import CallContext
from shared.http.visitor import ClientAddressMalformed
from shared.networks import ADDRESS_HEADER, network_of
from shared.tokens import INTERNAL


def network_of_caller(call: CallContext) -> str:
    """The network of the visitor. The header counts only in a call that a service has signed."""
    client = call.request.client
    address = client.host if client else "0.0.0.0"  # noqa: S104
    if INTERNAL in call.caller.scopes:
        address = call.request.headers.get(ADDRESS_HEADER, address)
    try:
        return network_of(address)
    except ValueError as error:
        raise ClientAddressMalformed() from error
