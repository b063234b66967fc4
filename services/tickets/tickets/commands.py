"""Commands on tickets."""

from dataclasses import dataclass
from uuid import UUID

from services.tickets.clients.lookups import check_own_service, name_of
from services.tickets.departments.lookups import check_department, signature_of
from services.tickets.tickets.ticket import Question, Side, Ticket
from shared.store import Transaction


@dataclass(frozen=True, kw_only=True)
class OpenTicket:
    """A client's question to the brand."""

    ticket_id: UUID
    account_id: UUID
    brand: str
    question: Question


async def open_ticket(command: OpenTicket, tx: Transaction) -> Ticket:
    """A ticket with the brand's next number, signed with the account's name."""
    brand, account_id, question = command.brand, command.account_id, command.question
    await check_department(tx.read, brand=brand, department=question.department)
    await check_own_service(tx.read, account_id=account_id, service_id=question.service_id)
    author = await name_of(tx.read, account_id)
    number = f"T-{await tx.next_number(f'{brand}/ticket'):06d}"
    ticket = Ticket.open(
        id=command.ticket_id,
        account_id=account_id,
        brand=brand,
        number=number,
        author=author,
        question=question,
    )
    await tx.save(ticket)
    return ticket


@dataclass(frozen=True, kw_only=True)
class ReplyToTicket:
    """One more message, from one of the two sides."""

    ticket_id: UUID
    side: Side
    message: str


async def reply_to_ticket(command: ReplyToTicket, tx: Transaction) -> Ticket:
    """The ticket with the message; the other side is to act next. A closed ticket reopens."""
    ticket = await tx.load(Ticket, command.ticket_id)
    author = await _author(command.side, ticket, tx)
    ticket.reply(side=command.side, author=author, message=command.message)
    await tx.save(ticket)
    return ticket


async def _author(side: Side, ticket: Ticket, tx: Transaction) -> str:
    """Clients sign with their name, staff with the brand's."""
    if side is Side.CLIENT:
        return await name_of(tx.read, ticket.account_id)
    return await signature_of(tx.read, ticket.brand)


@dataclass(frozen=True, kw_only=True)
class CloseTicket:
    """Nobody waits for an answer any more."""

    ticket_id: UUID
    side: Side


async def close_ticket(command: CloseTicket, tx: Transaction) -> Ticket:
    """The closed ticket; closing it again is `TicketAlreadyClosed`."""
    ticket = await tx.load(Ticket, command.ticket_id)
    ticket.close(side=command.side)
    await tx.save(ticket)
    return ticket
