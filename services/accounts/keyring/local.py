"""The keyring itself: a 256-bit data key per subject, wrapped by AES-GCM under the master key."""

import os
from collections.abc import Collection
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.database import Pool, acquire

KEY_BITS = 256
NONCE_BYTES = 12


class LocalKeyring:
    """See `shared.keyring.Keyring`. `master_key` has 32 bytes; without it no key can be read."""

    def __init__(self, pool: Pool, *, master_key: bytes) -> None:
        self._pool = pool
        self._master = AESGCM(master_key)

    async def keys(self, subjects: Collection[UUID]) -> dict[UUID, bytes | None]:
        """The key of each subject; None where it has been deleted or never was."""
        async with acquire(self._pool) as db:
            rows = await db.fetch(
                "select subject, wrapped from key where subject = any ($1)", list(subjects)
            )
        found = {row["subject"]: self._unwrap(row["subject"], row["wrapped"]) for row in rows}
        return {**dict.fromkeys(subjects), **found}

    async def ensure(self, subject: UUID) -> bytes:
        """The key of the subject, made now if there is none."""
        async with acquire(self._pool) as db:
            wrapped = await db.fetchval(
                """with made as (insert into key (subject, wrapped) values ($1, $2)
                                 on conflict do nothing returning wrapped)
                   select wrapped from made union all select wrapped from key where subject = $1""",
                subject,
                self._wrap(subject, AESGCM.generate_key(KEY_BITS)),
            )
            if wrapped is None:
                # A rival's row, committed while the insert waited, is in the next snapshot only.
                wrapped = await db.fetchval("select wrapped from key where subject = $1", subject)
        return self._unwrap(subject, wrapped)

    def _wrap(self, subject: UUID, key: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._master.encrypt(nonce, key, subject.bytes)

    def _unwrap(self, subject: UUID, wrapped: bytes) -> bytes:
        nonce, sealed = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]
        return self._master.decrypt(nonce, sealed, subject.bytes)
