"""What the composition root makes once and the routes of this service use."""

from dataclasses import dataclass

from services.accounts.keyring.local import LocalKeyring
from services.accounts.users.hashing import PasswordHashing
from shared.http.call import CallContext
from shared.tokens import Signer


@dataclass(frozen=True, kw_only=True)
class State:
    """`attempts_per_network`: registrations, confirmations or resets an hour from one network."""

    keyring: LocalKeyring
    hashing: PasswordHashing
    signer: Signer
    attempts_per_network: int


def state_of(call: CallContext) -> State:
    """The state, typed."""
    state = call.state
    assert isinstance(state, State), "app.py makes the state"
    return state
