"""How often links may be asked for and opened."""

from services.accounts.client_address import network_of_caller
from services.accounts.sessions.attempts import asked_for, asked_from, count
from services.accounts.state import state_of
from shared.http.call import CallContext


async def count_asking(call: CallContext, what: str, *, brand: str, email: str) -> None:
    """Count one request for a mail to the address, known or not; else `TooManyAttempts`."""
    most, network = state_of(call).attempts_per_network, network_of_caller(call)
    by_address = asked_for(what, brand=brand, email=email)
    by_network = asked_from(what, network=network, most=most)
    await count(call.db, by_address, by_network, now=call.now)


async def count_opening(call: CallContext, what: str) -> None:
    """Count one attempt to use a link, good or not; else `TooManyAttempts`."""
    most, network = state_of(call).attempts_per_network, network_of_caller(call)
    await count(call.db, asked_from(what, network=network, most=most), now=call.now)
