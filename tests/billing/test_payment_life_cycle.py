"""The whole table of a payment's life: every state with every news, in any order, any number."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise, product
from typing import get_args

import pytest
from hypothesis import given as any_of
from hypothesis import settings
from hypothesis import strategies as st

from services.billing.payments.inquiry_schedule import (
    AskAt,
    HandToStaff,
    next_inquiry,
    questions_due,
)
from services.billing.payments.life_cycle import (
    Meaning,
    News,
    State,
    has_ended,
    is_money_ours,
    step,
)

STATES: tuple[State, ...] = get_args(State)
NEWS: tuple[News, ...] = get_args(News)

# One row a state, one column a news, in the order of NEWS: sent, silence, pending, failed,
# succeeded, refunded in part, refunded, dispute opened, won, lost. A name is the state that
# follows; = says what is known, < what was before, > too much at once, ! what cannot be.
TABLE = """
created          sent unknown pending failed succeeded >    >        >        >         >
sent             =    <       pending failed succeeded >    >        >        >         >
unknown          sent =       pending failed succeeded >    >        >        >         >
pending          <    <       =       failed succeeded >    >        >        >         >
failed           <    <       <       =      succeeded >    >        >        >         >
succeeded        <    <       <       !      =         part refunded disputed >         >
refunded_in_part <    <       <       !      <         part refunded disputed >         >
refunded         <    <       <       !      <         <    =        !        >         >
disputed         <    <       <       !      <         !    !        =        succeeded lost
charged_back     <    <       <       !      <         !    !        <        !         =
reversed         <    <       <       <      <         <    <        <        <         <
"""
SHORT = {"part": "refunded_in_part", "lost": "charged_back"}
MARKS: dict[str, Meaning] = {"=": "repeats", "<": "late", ">": "early", "!": "contradicts"}
ROWS = {row.split()[0]: row.split()[1:] for row in TABLE.strip().splitlines()}
CELLS = [(s, n, ROWS[s][place]) for s in STATES for place, n in enumerate(NEWS)]


def test_the_table_has_every_state_and_every_news() -> None:
    assert tuple(ROWS) == STATES
    assert {len(row) for row in ROWS.values()} == {len(NEWS)}


@pytest.mark.parametrize(("state", "news", "cell"), CELLS)
def test_each_news_does_in_each_state_what_the_table_says(
    state: State, news: News, cell: str
) -> None:
    expected = (MARKS[cell], state) if cell in MARKS else ("moves", SHORT.get(cell, cell))
    assert step(state, news) == expected


ORDER: dict[State, int] = {
    "created": 0,
    "unknown": 1,
    "sent": 2,
    "pending": 3,
    "failed": 4,
    "succeeded": 5,
    "refunded_in_part": 6,
    "refunded": 7,
    "disputed": 8,
    "charged_back": 9,
    "reversed": 10,
}


def test_a65_no_news_leads_back_but_the_end_of_a_dispute() -> None:
    """A65: the state never goes backwards."""
    back = {
        (state, news)
        for state, news in product(STATES, NEWS)
        if ORDER[step(state, news).state] < ORDER[state]
    }
    assert back == {("disputed", "dispute_won")}


def test_money_that_came_is_never_forgotten_and_no_news_but_success_brings_it() -> None:
    for state, news in product(STATES, NEWS):
        after = step(state, news).state
        assert is_money_ours(after) >= is_money_ours(state)
        if is_money_ours(after) > is_money_ours(state):
            assert news == "succeeded"


def test_f46_f47_silence_is_never_a_failure() -> None:
    assert {step(state, "silence").state for state in STATES} == {*STATES} - {"created"}
    assert step("created", "silence").state == "unknown"
    assert not has_ended("unknown")


def test_an_attempt_that_ended_does_not_open_again() -> None:
    for state, news in product(STATES, NEWS):
        assert has_ended(step(state, news).state) >= has_ended(state)


def told(news: list[News]) -> State:
    state: State = "created"
    for each in news:
        state = step(state, each).state
    return state


@any_of(st.permutations(["sent", "silence", "pending", "succeeded"] * 2))
@settings(max_examples=300)
def test_f49_f51_the_order_and_number_of_news_on_the_way_do_not_matter(news: list[News]) -> None:
    """F49, F51: the webhook before the answer, twice, and late."""
    assert told(news) == "succeeded"


@any_of(st.lists(st.sampled_from(NEWS), max_size=30))
@settings(max_examples=300)
def test_whatever_comes_first_a_success_is_a_success(news: list[News]) -> None:
    assert is_money_ours(told([*news, "succeeded"]))


@any_of(st.lists(st.sampled_from(NEWS), max_size=30), st.sampled_from(NEWS))
@settings(max_examples=300)
def test_news_that_came_twice_at_once_is_taken_once(news: list[News], again: News) -> None:
    state = told([*news, again])
    repeated = step(state, again)
    if (state, again) != ("refunded_in_part", "refunded_in_part"):
        assert repeated.meaning != "moves"
    assert repeated.state == state


# ------------------------------------------------------------------------------ asking

SINCE = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)


def test_the_gateway_is_asked_eight_times_and_then_people_are() -> None:
    found = [next_inquiry(SINCE, asked=asked) for asked in range(10)]
    assert all(isinstance(each, AskAt) for each in found[:8])
    assert [each.at - SINCE for each in found[:8]] == [
        timedelta(minutes=1),
        timedelta(minutes=5),
        timedelta(hours=1),
        *(timedelta(days=day) for day in (1, 2, 3, 4, 5)),
    ]
    assert found[8:] == [HandToStaff(SINCE + timedelta(days=5))] * 2


def test_each_question_comes_after_the_one_before() -> None:
    instants = [next_inquiry(SINCE, asked=asked).at for asked in range(8)]
    assert all(first < second for first, second in pairwise(instants))


@any_of(seconds=st.integers(min_value=0, max_value=7 * 86_400))
def test_what_is_due_is_what_was_not_asked_yet(seconds: int) -> None:
    now = SINCE + timedelta(seconds=seconds)
    due = questions_due(SINCE, now=now)
    coming = next_inquiry(SINCE, asked=due)
    assert isinstance(coming, HandToStaff) or coming.at > now
    if due:
        assert next_inquiry(SINCE, asked=due - 1).at <= now
