"""What news does to a payment: the whole table, each state with each news.

created -> sent | unknown -> pending -> succeeded | failed; succeeded -> refunded in part or whole,
disputed -> succeeded | charged back. News comes late, twice and in any order; no news takes a
payment back to where it was before, and only the end of a dispute gives back what it had taken.
"""

from typing import Literal, NamedTuple

State = Literal[
    "created",
    "sent",
    "unknown",
    "pending",
    "failed",
    "succeeded",
    "refunded_in_part",
    "refunded",
    "disputed",
    "charged_back",
    "reversed",
]
"""*reversed*: it was booked by mistake, of money that our own bank told of; no news comes of it."""
News = Literal[
    "sent",
    "silence",
    "pending",
    "failed",
    "succeeded",
    "refunded_in_part",
    "refunded",
    "dispute_opened",
    "dispute_won",
    "dispute_lost",
]
"""What the gateway says, or, as *silence*, that it gave no answer that can be trusted."""

Meaning = Literal["moves", "repeats", "late", "early", "contradicts"]
"""What the news is to the state.

*moves*: it is taken. *repeats* and *late*: it says what is known, or was true before; nothing
happens. *early*: it presupposes something that we were not told; the gateway is asked, which tells
both in their order. *contradicts*: both cannot be true; nothing is booked, people are told.
"""


class Step(NamedTuple):
    """What the news means and the state after it."""

    meaning: Meaning
    state: State


_OPEN: tuple[State, ...] = ("created", "unknown", "sent", "pending")
_UNPAID: tuple[State, ...] = (*_OPEN, "failed")
_PAID: tuple[State, ...] = ("succeeded", "refunded_in_part", "refunded", "disputed", "charged_back")
_AFTER_THE_MONEY: tuple[News, ...] = (
    "refunded_in_part",
    "refunded",
    "dispute_opened",
    "dispute_won",
    "dispute_lost",
)

_MOVES: dict[tuple[State, News], State] = {
    ("created", "silence"): "unknown",
    ("created", "sent"): "sent",
    ("unknown", "sent"): "sent",
    ("created", "pending"): "pending",
    ("unknown", "pending"): "pending",
    ("sent", "pending"): "pending",
    **{(state, "failed"): "failed" for state in _OPEN},
    **{(state, "succeeded"): "succeeded" for state in _UNPAID},
    ("succeeded", "refunded_in_part"): "refunded_in_part",
    ("refunded_in_part", "refunded_in_part"): "refunded_in_part",
    ("succeeded", "refunded"): "refunded",
    ("refunded_in_part", "refunded"): "refunded",
    ("succeeded", "dispute_opened"): "disputed",
    ("refunded_in_part", "dispute_opened"): "disputed",
    ("disputed", "dispute_won"): "succeeded",
    ("disputed", "dispute_lost"): "charged_back",
}
"""Every news that is taken. A dispute that is won leaves what was refunded before refunded."""

_SAID_AGAIN: dict[State, News] = {
    "sent": "sent",
    "unknown": "silence",
    "pending": "pending",
    "failed": "failed",
    "succeeded": "succeeded",
    "refunded": "refunded",
    "disputed": "dispute_opened",
    "charged_back": "dispute_lost",
}

_CONTRADICTIONS: set[tuple[State, News]] = {
    *((state, "failed") for state in _PAID),
    ("refunded", "dispute_opened"),
    ("disputed", "refunded_in_part"),
    ("disputed", "refunded"),
    ("charged_back", "refunded_in_part"),
    ("charged_back", "refunded"),
    ("charged_back", "dispute_won"),
}


def step(state: State, news: News) -> Step:
    """What the news does. Defined for every state and every news.

    >>> step("created", "silence")
    Step(meaning='moves', state='unknown')
    >>> step("succeeded", "failed")
    Step(meaning='contradicts', state='succeeded')
    """
    if after := _MOVES.get((state, news)):
        return Step("moves", after)
    if _SAID_AGAIN.get(state) == news:
        return Step("repeats", state)
    if (state, news) in _CONTRADICTIONS:
        return Step("contradicts", state)
    return Step("early" if _is_early(state, news) else "late", state)


def _is_early(state: State, news: News) -> bool:
    """Whether it is about money or a dispute that is not known here yet."""
    if state in _UNPAID:
        return news in _AFTER_THE_MONEY
    is_end_of_dispute = news in {"dispute_won", "dispute_lost"}
    return is_end_of_dispute and state in {"succeeded", "refunded_in_part", "refunded"}


def has_ended(state: State) -> bool:
    """Whether the attempt is over: another one may begin, and no page is opened for this one."""
    return state not in _OPEN


def is_money_ours(state: State) -> bool:
    """Whether money came with it, whatever became of that money later."""
    return state in _PAID
