"""The ticket, by given / when / then."""

from uuid import UUID

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from services.tickets.publishing import publish
from services.tickets.tickets.ticket import (
    Priority,
    Question,
    Side,
    Status,
    Ticket,
    TicketAlreadyClosed,
)
from shared.contracts import tickets as contracts
from tests.given import given, rebuilt

TICKET, ACCOUNT = UUID(int=1), UUID(int=2)
QUESTION = Question(
    department="support",
    priority=Priority.HIGH,
    service_id=None,
    subject="The site is slow",
    message="Since this morning.",
)


def opened() -> Ticket:
    return Ticket.open(
        id=TICKET,
        account_id=ACCOUNT,
        brand="ponto",
        number="T-000001",
        author="Ana Souza",
        question=QUESTION,
    )


def answered() -> Ticket:
    ticket = opened()
    answer(ticket)
    return ticket


def closed() -> Ticket:
    ticket = opened()
    close(ticket)
    return ticket


def answer(ticket: Ticket) -> None:
    ticket.reply(side=Side.STAFF, author="Equipe Ponto", message="We look.")


def ask_again(ticket: Ticket) -> None:
    ticket.reply(side=Side.CLIENT, author="Ana Souza", message="Any news?")


def close(ticket: Ticket) -> None:
    ticket.close(side=Side.CLIENT)


def test_an_opened_ticket_waits_for_staff() -> None:
    ticket = rebuilt(opened())
    assert (ticket.status, ticket.number, ticket.priority) == (
        Status.OPEN,
        "T-000001",
        Priority.HIGH,
    )
    assert (ticket.account_id, ticket.brand) == (ACCOUNT, "ponto")


@pytest.mark.parametrize("ticket", [opened(), answered(), closed()])
def test_an_answer_of_staff_waits_for_the_client(ticket: Ticket) -> None:
    facts = {"side": "staff", "author": "Equipe Ponto", "message": "We look."}
    after = given(ticket).when(answer).then((Ticket.Replied, facts))
    assert after.status is Status.ANSWERED


@pytest.mark.parametrize("ticket", [opened(), answered(), closed()])
def test_a_reply_of_the_client_waits_for_staff_and_reopens(ticket: Ticket) -> None:
    facts = {"side": "client", "author": "Ana Souza", "message": "Any news?"}
    after = given(ticket).when(ask_again).then((Ticket.Replied, facts))
    assert after.status is Status.CUSTOMER_REPLY


@pytest.mark.parametrize("ticket", [opened(), answered()])
def test_a_closed_ticket_waits_for_nobody_and_closes_once(ticket: Ticket) -> None:
    after = given(ticket).when(close).then((Ticket.Closed, {"side": "client"}))
    assert after.status is Status.CLOSED
    given(closed()).when(close).then_refused(TicketAlreadyClosed)


@for_all(st.lists(st.sampled_from([answer, ask_again, close])))
def test_replay_gives_the_live_state_after_any_commands(commands: list[object]) -> None:
    ticket = opened()
    for command in commands:
        if command is close and ticket.status is Status.CLOSED:
            continue
        assert callable(command)
        command(ticket)
    assert rebuilt(ticket).status is ticket.status


def test_others_learn_of_every_step() -> None:
    ticket = answered()
    close(ticket)
    assert [publish(event, ticket) for event in ticket.pending_events] == [
        contracts.TicketOpened(
            ticket_id=TICKET,
            number="T-000001",
            department="support",
            priority="high",
            service_id=None,
            author="Ana Souza",
            subject="The site is slow",
            message="Since this morning.",
        ),
        contracts.TicketReplied(
            ticket_id=TICKET, side="staff", author="Equipe Ponto", message="We look."
        ),
        contracts.TicketClosed(ticket_id=TICKET, side="client"),
    ]
