"""Keys of personal data, one per account: deleting a key erases what it protected everywhere.

The accounts service keeps them in a database of their own; the others ask it in batches.
"""

from collections.abc import Collection
from typing import Protocol
from uuid import UUID


class Keyring(Protocol):
    """Finds the 32-byte key of a subject (an account, or an aggregate that has none)."""

    async def keys(self, subjects: Collection[UUID]) -> dict[UUID, bytes | None]:
        """The key of each subject; None where it has been deleted or never was."""
        ...

    async def ensure(self, subject: UUID) -> bytes:
        """The key of the subject, made now if there never was one."""
        ...
