"""Transactions for routes that hash passwords or count attempts.

A hash takes 50 ms and may wait in a queue, and the count of a refused attempt has to stay: so these
routes are declared without a transaction and open one only for their command.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from shared.http.call import CallContext
from shared.store import Cause, Transaction

Result = TypeVar("Result")


async def in_transaction(
    call: CallContext, work: Callable[[Transaction], Awaitable[Result]]
) -> Result:
    """What `work` returns, committed; run again, up to three times, where another was first."""
    cause = Cause(actor=call.caller.actor, correlation_id=call.request.state.request_id)
    return await call.store.run(cause, work)
