"""The keyring as other services see it: asked of the accounts service in batches, and cached."""

import time
from base64 import b64decode
from collections import OrderedDict
from collections.abc import Collection
from uuid import UUID

from shared.peers import Peers

CACHE_SECONDS = 60.0
MOST_CACHED = 20_000


class RemoteKeyring:
    """The keyring of the accounts service, with found keys cached for a minute, the last 20,000."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers
        self._cache: OrderedDict[UUID, tuple[float, bytes]] = OrderedDict()

    async def keys(self, subjects: Collection[UUID]) -> dict[UUID, bytes | None]:
        """See `Keyring.keys`. Raises `Unavailable` when the accounts service does not answer."""
        now = time.monotonic()
        fresh = {s: kept[1] for s in subjects if (kept := self._cache.get(s)) and kept[0] > now}
        missing = [subject for subject in set(subjects) if subject not in fresh]
        return {**dict.fromkeys(subjects), **fresh, **await self._ask(missing, create=False)}

    async def ensure(self, subject: UUID) -> bytes:
        """See `Keyring.ensure`."""
        known = (await self.keys([subject]))[subject]
        made = known or (await self._ask([subject], create=True)).get(subject)
        assert made is not None, "the accounts service makes a key that was asked for"
        return made

    async def _ask(self, subjects: Collection[UUID], *, create: bool) -> dict[UUID, bytes]:
        if not subjects:
            return {}
        asked = {"subjects": [str(subject) for subject in subjects], "create": create}
        answer = await self._peers.call("accounts", "POST", "/internal/keys", json=asked)
        found = {UUID(s): b64decode(key) for s, key in answer.json()["keys"].items() if key}
        until = time.monotonic() + CACHE_SECONDS
        self._cache.update({subject: (until, key) for subject, key in found.items()})
        while len(self._cache) > MOST_CACHED:
            self._cache.popitem(last=False)
        return found
