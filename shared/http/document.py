"""Hot reads: one JSON document, with nothing between its route and the wire but who may read it.

A document's route is declared as any other. What FastAPI does around a route (it looks for it
twice, solves its dependencies, opens stacks for them) costs more than the read of one row, so a
request that fits exactly is answered before it; all others take the usual way.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.database import LOST, is_lost
from shared.errors import DomainError, Unavailable
from shared.http.access import Access, Gate
from shared.http.call import CallContext
from shared.http.problems import problem_response

UUID_PATTERN = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


@dataclass(frozen=True)
class Document:
    """A route that answers with one document. The parameters of its path are ids."""

    path: str
    access: Access
    endpoint: Callable[..., Any]

    @property
    def pattern(self) -> str:
        """The path as a regular expression, with a group for each id."""
        return re.sub(r"\{(\w+)\}", rf"(?P<\1>{UUID_PATTERN})", self.path)

    async def answer(self, request: Request, ids: dict[str, str]) -> Response:
        """The document, for whom it is meant; a refusal as its problem."""
        try:
            gate: Gate = request.app.state.gate
            request.state.caller = await gate.admit(request, self.access)
            call = CallContext(request, Response())
            given = {name: UUID(text) for name, text in ids.items()}
            response: Response = await self.endpoint(call=call, **given)
        except DomainError as refusal:
            return problem_response(request, refusal)
        except LOST as error:
            if not is_lost(error):
                raise
            return problem_response(request, Unavailable(what="database"))
        return response


class DocumentsFirst:
    """Answers requests for documents; passes on what is none."""

    def __init__(self, app: ASGIApp, *, documents: Sequence[Document]) -> None:
        self._app = app
        self._known = [(re.compile(each.pattern).fullmatch, each) for each in documents]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http" and scope["method"] == "GET":
            for matches, document in self._known:
                if found := matches(scope["path"]):
                    request = Request(scope, receive)
                    response = await document.answer(request, found.groupdict())
                    await response(scope, receive, send)
                    return
        await self._app(scope, receive, send)
