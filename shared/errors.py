"""Refusals: what kind they are, their stable code, and the one table from kind to HTTP status.

A refusal is a `DomainError` of one of the kinds below. Its code is its class name in snake case,
its message is the first line of its docstring, its facts are what the caller may know of the case.
"""

import re
from http import HTTPStatus
from typing import Any, ClassVar


class DomainError(Exception):
    """The request cannot be carried out."""

    status: ClassVar[HTTPStatus]

    def __init__(self, **facts: Any) -> None:
        super().__init__(self.message)
        self.facts = facts

    @property
    def code(self) -> str:
        """The stable name of this refusal: `InvoiceAlreadyPaid` -> `invoice_already_paid`."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(self).__name__).lower()

    @property
    def message(self) -> str:
        """One sentence for a person, in English."""
        doc = type(self).__doc__ or DomainError.__doc__ or ""
        return doc.strip().splitlines()[0]


class Invalid(DomainError):
    """The request has a value that cannot be right."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY


class Unauthenticated(DomainError):
    """The caller is not known."""

    status = HTTPStatus.UNAUTHORIZED


class Forbidden(DomainError):
    """The caller may not do this."""

    status = HTTPStatus.FORBIDDEN


class NotFound(DomainError):
    """There is no such thing, or the caller may not see it."""

    status = HTTPStatus.NOT_FOUND


class Conflict(DomainError):
    """The state of things does not allow it."""

    status = HTTPStatus.CONFLICT


class Stale(DomainError):
    """The thing has changed since the caller read it."""

    status = HTTPStatus.PRECONDITION_FAILED


class Declined(DomainError):
    """The payment was declined."""

    status = HTTPStatus.PAYMENT_REQUIRED


class TooMany(DomainError):
    """Too many requests of this kind; wait before the next."""

    status = HTTPStatus.TOO_MANY_REQUESTS


class Unavailable(DomainError):
    """Something that is needed does not answer now; the same request may succeed later."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


class ConcurrentWrite(Unavailable):
    """Another writer changed the same thing at the same moment."""


class AlreadyClaimed(Conflict):
    """The name is taken."""


class EventTooLarge(Invalid):
    """What is to be recorded is larger than an event may be (64 KiB)."""


def problem(error: DomainError, *, request_id: str) -> dict[str, Any]:
    """The body of an answer of media type application/problem+json (RFC 9457)."""
    return {
        "type": f"urn:faktura:problem:{error.code}",
        "title": error.message,
        "status": int(error.status),
        "code": error.code,
        "request_id": request_id,
        **({"facts": error.facts} if error.facts else {}),
    }
