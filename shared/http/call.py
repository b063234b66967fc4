"""What a route is given of the request besides its own parameters."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response

from shared.database import Pool
from shared.errors import Invalid, NotFound
from shared.store import EventStore, Transaction
from shared.tokens import Caller


class MalformedVersion(Invalid):
    """If-Match carries something that is no version of this service."""


class CallContext:
    """The caller, the transaction of a write, the pool of a read."""

    def __init__(self, request: Request, response: Response) -> None:
        self._request = request
        self._response = response

    @property
    def caller(self) -> Caller:
        """Who calls, as the route's access demands."""
        caller: Caller = self._request.state.caller
        return caller

    @property
    def tx(self) -> Transaction:
        """The transaction of this write; it commits when the route returns."""
        tx: Transaction = self._request.state.tx
        return tx

    @property
    def store(self) -> EventStore:
        """The service's store."""
        store: EventStore = self._request.app.state.store
        return store

    @property
    def db(self) -> Pool:
        """The pool, for reads."""
        return self.store.pool

    @property
    def now(self) -> datetime:
        """The present instant."""
        return self.store.clock.now()

    @property
    def state(self) -> Any:
        """What the service's composition root made for its routes."""
        return self._request.app.state.service

    @property
    def request(self) -> Request:
        """The request itself, for raw bodies and addresses."""
        return self._request

    @property
    def expected_version(self) -> int | None:
        """The version in If-Match, if the caller gave one."""
        given = self._request.headers.get("if-match")
        if given is None or given == "*":
            return None
        try:
            return int(given.strip().removeprefix("W/").strip('"'))
        except ValueError as error:
            raise MalformedVersion() from error

    def etag(self, version: int) -> None:
        """Say which version the answer shows."""
        self._response.headers["ETag"] = f'"{version}"'

    def own(self, account_id: UUID | None, brand: str) -> None:
        """`NotFound` unless the thing is the caller's account's, or of the brand of its staff."""
        caller = self.caller
        if account_id is not None and caller.account_id == account_id and caller.brand == brand:
            return
        if "staff" in caller.scopes and caller.brand == brand:
            return
        raise NotFound()


Call = Annotated[CallContext, Depends(CallContext)]
