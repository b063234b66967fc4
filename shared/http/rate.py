"""How often: a sliding window for each caller, of two counters instead of a list of instants.

The window before counts by the share of it that still lies within the last minute. Between two
minutes this is an estimate, within one it is exact.
"""

import time
from collections.abc import Callable

WINDOW_S = 60.0
CALLERS_KEPT = 50_000


class RateCounter:
    """Counts calls by a key, in this process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._windows: dict[str, tuple[int, int, int]] = {}
        """key -> number of its window, calls in it, calls in the one before"""

    def hit(self, key: str, *, per_minute: int) -> bool:
        """Whether one more call is within the limit; only then is it counted."""
        number, begun = divmod(self._clock(), WINDOW_S)
        window = int(number)
        known, calls, before = self._windows.get(key, (window, 0, 0))
        if known != window:
            calls, before = 0, calls if known == window - 1 else 0
        if calls + before * (1 - begun / WINDOW_S) >= per_minute:
            return False
        if len(self._windows) >= CALLERS_KEPT:
            self._forget_before(window - 1)
        self._windows[key] = window, calls + 1, before
        return True

    def _forget_before(self, window: int) -> None:
        """Drop who has not called lately; all of them, where that leaves too many."""
        kept = {key: each for key, each in self._windows.items() if each[0] >= window}
        self._windows = kept if len(kept) < CALLERS_KEPT else {}
