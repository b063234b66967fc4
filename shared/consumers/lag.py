"""How many seconds a consumer is behind: since when its source has had what it has not seen yet."""

import time
from collections import deque
from collections.abc import Callable, Mapping

SAMPLE_EVERY_S = 1.0
SAMPLES = 3600

Heads = Mapping[tuple[str, int], int]
"""(source, partition) -> the last position there."""


class LagClock:
    """Remembers where the sources' heads were, until one consumer has reached them.

    Its lag is the age of the oldest heads that it has not reached: 0 for one that is busy but keeps
    up, however fast the sources grow. It is as exact as the clock is asked often.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._unreached: deque[tuple[float, Heads]] = deque(maxlen=SAMPLES)

    def lag_s(self, heads: Heads, position: Callable[[tuple[str, int]], int]) -> float:
        """The lag now, when the sources stand at `heads` and the consumer at `position`."""
        now = self._clock()
        waiting = self._unreached
        is_due = not waiting or now - waiting[-1][0] >= SAMPLE_EVERY_S
        if is_due and len(waiting) < SAMPLES:
            waiting.append((now, dict(heads)))
        while waiting and all(position(place) >= at for place, at in waiting[0][1].items()):
            waiting.popleft()
        return now - waiting[0][0] if waiting else 0.0
