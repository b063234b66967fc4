"""Which errors are of the moment, so that the same work may well succeed in a while."""

from shared.consumers.checkpoints import LostRace
from shared.database import is_lost
from shared.errors import Unavailable


def is_transient(error: BaseException) -> bool:
    """Whether the same event may well be applied in a moment: nothing is wrong with it."""
    return isinstance(error, Unavailable | LostRace) or is_lost(error)
