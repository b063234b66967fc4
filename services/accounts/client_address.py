"""Where a request comes from: the portal in front passes the visitor's address on."""

from services.accounts.sessions.attempts import network_of
from shared.errors import Invalid
from shared.http.call import CallContext
from shared.tokens import INTERNAL

HEADER = "Faktura-Client-Address"


class ClientAddressMalformed(Invalid):
    """The header Faktura-Client-Address is no IP address."""


def network_of_caller(call: CallContext) -> str:
    """The network of the visitor. The header counts only in a call that a service has signed."""
    client = call.request.client
    address = client.host if client else "0.0.0.0"  # noqa: S104
    if INTERNAL in call.caller.scopes:
        address = call.request.headers.get(HEADER, address)
    try:
        return network_of(address)
    except ValueError as error:
        raise ClientAddressMalformed() from error
