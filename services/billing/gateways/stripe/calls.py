"""Calling Stripe: an answer, a refusal that is an answer too, or `OutcomeUnknown`."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import stripe

from services.billing.gateways.stripe.connection import read_json, unknown
from services.billing.gateways.stripe.objects import Page, PaymentIntent, Shell

Read = TypeVar("Read")

PAGE_SIZE = 100
MOST_PAGES = 20
"""So far back is looked for something of which we do not know the name there."""


class Answered(Protocol):
    """An object of Stripe's client, which keeps the answer that it was made of."""

    @property
    def last_response(self) -> stripe.StripeResponse | None:
        """The answer as it came."""
        ...


class NamedItem(Protocol):
    """Something of a list, which goes on after its name."""

    @property
    def id(self) -> str:
        """The name."""
        ...


Listed = TypeVar("Listed", bound=NamedItem)


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Stripe has understood and has not done it: its code, and the attempt that was declined."""

    code: str
    intent: PaymentIntent | None

    @property
    def is_missing(self) -> bool:
        """Whether it says that something is not there."""
        return self.code == "resource_missing"


async def ask(call: Awaitable[Answered], kind: type[Read]) -> Read | Refusal:
    """The answer, or the refusal of this request or card; all else is `OutcomeUnknown`.

    A key that was used for something else, too many calls or a key of ours that is not accepted
    say nothing of what was asked before.
    """
    try:
        answered = await call
    except (stripe.CardError, stripe.InvalidRequestError) as error:
        return _refusal(error)
    except stripe.StripeError as error:
        raise unknown(type(error).__name__) from error
    answer = answered.last_response
    assert answer is not None, "the client gives what it was answered"
    return read_json(answer.body, kind)


async def must(call: Awaitable[Answered], kind: type[Read]) -> Read:
    """The answer; a refusal was not to be expected and is `OutcomeUnknown`, too."""
    answer = await ask(call, kind)
    if isinstance(answer, Refusal):
        raise unknown(f"refused: {answer.code}")
    return answer


async def look_for(call: Awaitable[Answered], kind: type[Read]) -> Read | None:
    """The answer, or None when Stripe says that it is not there."""
    answer = await ask(call, kind)
    if not isinstance(answer, Refusal):
        return answer
    if not answer.is_missing:
        raise unknown(f"refused: {answer.code}")
    return None


async def first_of(
    next_page: Callable[[str], Awaitable[Page[Listed]]], is_wanted: Callable[[Listed], bool]
) -> Listed | None:
    """The newest of a list that is wanted. `OutcomeUnknown` when the list is too long to know."""
    after = ""
    for _ in range(MOST_PAGES):
        page = await next_page(after)
        for item in page.data:
            if is_wanted(item):
                return item
        if not page.has_more or not page.data:
            return None
        after = page.data[-1].id
    raise unknown("too many to look through")


async def all_of(next_page: Callable[[str], Awaitable[Page[Listed]]]) -> list[Listed]:
    """A whole list."""
    found: list[Listed] = []
    after, has_more = "", True
    while has_more:
        page = await next_page(after)
        if page.has_more and not page.data:
            raise unknown("a list without an end")
        found += page.data
        after, has_more = page.data[-1].id if page.data else "", page.has_more
    return found


def _refusal(error: stripe.CardError | stripe.InvalidRequestError) -> Refusal:
    body = read_json(error.http_body or "", Shell).error
    if body is None:
        raise unknown("a refusal without an error")
    code = body.decline_code or body.code or "refused"
    return Refusal(code=code, intent=body.payment_intent)
