"""How often Python looks for cycles of objects that nobody holds any more.

By default it does so after every 700 new objects, and each so often among all that the process has:
where thousands of records are in hand at once, that takes more time than the work itself. They are
in no cycles, so they go when the last who holds them lets go, whatever is set here.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

YOUNG_OBJECTS = 50_000
"""After so many new objects that are still there; about 10 MB of records."""
YOUNG_LOOKS = 20
OLD_LOOKS = 20


@contextmanager
def seldom_collected() -> Iterator[None]:
    """For the time of the block cycles are looked for seldom, and not among what was there before.

    Every service runs in one. Cycles are still found, so the process does not grow. Afterwards it
    is as it was.
    """
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, YOUNG_LOOKS, OLD_LOOKS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
