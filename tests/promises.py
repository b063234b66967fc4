"""Programming errors: it is the assertion of the broken promise that fails, and no other."""

import re

import pytest


def broken_promise(promise: str) -> pytest.RaisesExc[AssertionError]:
    """What the block does breaks the promise that an assertion states in these words."""
    return pytest.raises(AssertionError, match=f"^{re.escape(promise)}$")
