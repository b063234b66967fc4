"""What the composition root makes once and the routes of this service use."""

from dataclasses import dataclass

from services.accounts.keyring.local import LocalKeyring
from services.accounts.users.hashing import PasswordHashing
from shared.http.call import CallContext
from shared.tokens import Signer
from shared.wakeup import Wakeup


@dataclass(frozen=True, kw_only=True)
class State:
    """The two numbers are those of the settings."""

    keyring: LocalKeyring
    hashing: PasswordHashing
    signer: Signer
    attempts_per_network: int
    free_failures_per_network: int
    reset_asked: Wakeup


def state_of(call: CallContext) -> State:
    """The state, typed."""
    state = call.state
    assert isinstance(state, State), "app.py makes the state"
    return state
