"""A seeded crowd: clients who register, order, pay and complain, staff who answer, days that pass.

The same seed gives the same wishes in the same order for each person; how they interleave is up to
the machine. What was accepted stands in the books.
"""

import asyncio
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx

from tests.faults.asking import NOT_DEFINITE, Asker, Wish
from tests.faults.books import Books, Person
from tests.faults.invariants import check_invariants
from tests.faults.stand import Stand

BRAND = "ponto"
PASSWORD = "um pão na chapa, por favor"
MOST_PAUSE_S = 0.3
A_DAY_EVERY_S = 6.0
ANSWERS_WITHIN_S = 120.0
STREETS = ("Rua das Flores", "Avenida Beira-Mar", "Rua do Porto")
BAD_BODIES: tuple[bytes, ...] = (
    b"{",
    b"\x00",
    b'{"a": NaN}',
    b"[1e999]",
    b'"\xff\xfe"',
    b'{"brand": {"$ne": 1}}',
    b"[" * 100_000,
)


class Crowd:
    """All that ask at the same time; `until` lets a test wait for what they were answered."""

    def __init__(self, stand: Stand, books: Books, *, seed: int) -> None:
        assert seed not in books.seeds, "the same seed would use the same keys again"
        books.seeds.add(seed)
        self.books = books
        self._stand = stand
        self._seed = seed
        self._asker = Asker(stand.installation, books)
        self._ending = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._products: list[str] = []

    async def begin(self, people: int) -> None:
        """Let `people` clients, one member of staff, the days and a vandal begin."""
        products = await self._asker.definite(
            Wish(name="products", method="GET", path=f"billing/v1/products?brand={BRAND}")
        )
        # What any number of people can order by itself, by the month and by the year.
        self._products = sorted(
            each["product_id"]
            for each in products.json()
            if not each["addon_to"]
            and each["stock_left"] is None
            and {"monthly", "annual"} <= {price["cycle"] for price in each["prices"]}
        )
        while len(self.books.people) < people:
            self.books.people.append(_newcomer(self._seed, len(self.books.people)))
        ways: list[Callable[[], Awaitable[None]]] = [self._staff, self._days, self._vandal]
        ways += [self._client(person) for person in self.books.people[:people]]
        self._tasks = [asyncio.create_task(_as_coroutine(way)) for way in ways]

    async def until(self, accepted: int, *, of: str = "") -> None:
        """Wait until so many more commands (`of` one kind) are accepted; raises what went wrong."""
        wanted = self._accepted(of) + accepted
        async with asyncio.timeout(ANSWERS_WITHIN_S):
            while self._accepted(of) < wanted:
                self._raise_what_failed()
                await asyncio.sleep(0.02)

    async def last(self, seconds: float) -> None:
        """Let the crowd ask for a while."""
        await asyncio.wait(self._tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
        self._raise_what_failed()

    async def end(self) -> None:
        """Everybody finishes what was begun: each wish is brought to its definite answer."""
        self._ending.set()
        try:
            await asyncio.gather(*self._tasks)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._asker.close()

    def _accepted(self, kind: str) -> int:
        return self.books.accepted[kind] if kind else self.books.accepted.total()

    def _raise_what_failed(self) -> None:
        for task in self._tasks:
            if task.done() and not task.cancelled() and (error := task.exception()):
                raise error

    # ------------------------------------------------------------------------------- the people

    def _client(self, person: Person) -> Callable[[], Awaitable[None]]:
        async def live() -> None:
            dice = random.Random(f"{self._seed}/{person.number}")
            if not person.session:
                await self._move_in(person)
            await self._asker.renew(person)
            while not self._ending.is_set():
                await self._pause(dice.uniform(0, MOST_PAUSE_S))
                await self._one_step(person, dice)

        return live

    async def _one_step(self, person: Person, dice: random.Random) -> None:
        steps: list[tuple[int, Callable[[Person, random.Random], Awaitable[None]]]] = [
            (30, self._order),
            (35, self._pay),
            (12, self._complain),
            (12, self._reply),
            (5, self._close),
            (3, self._cancel),
            (15, self._read),
        ]
        (step,) = dice.choices([way for _, way in steps], [weight for weight, _ in steps])
        await step(person, dice)

    async def _move_in(self, person: Person) -> None:
        """Register, open the link of the mail, sign in; each again where its answer was lost."""
        body = _registration(person)
        await self._accept("registration", "accounts/v1/registrations", person, body=body)
        while not person.session:
            if token := await self._token_of_mail(person.email):
                path = "accounts/v1/email-confirmations"
                confirm = Wish(name="confirmation", path=path, body={"token": token})
                await self._asker.definite(confirm, person)
            body = {"brand": BRAND, "email": person.email, "password": PASSWORD}
            sign_in = Wish(name="sign in", path="accounts/v1/sessions", body=body)
            answer = await self._asker.once(sign_in, person)
            if answer is not None and answer.status_code == 201:
                person.session = answer.json()["session"]
            else:
                await self._pause(0.3)

    async def _token_of_mail(self, email: str) -> str:
        wish = Wish(name="mails", method="GET", path=f"mail/api/messages?to={email}")
        for mail in (await self._asker.definite(wish)).json():
            if found := re.search(r"[?&]token=([A-Za-z0-9_~.-]+)", mail["text"]):
                return found[1]
        return ""

    async def _order(self, person: Person, dice: random.Random) -> None:
        body = {
            "product_id": dice.choice(self._products),
            "cycle": dice.choice(("monthly", "annual")),
            "domain": f"d{dice.getrandbits(40):x}.com.br",
        }
        answer = await self._accept("order", "billing/v1/orders", person, body=body, dice=dice)
        if answer.status_code == 201:
            made = answer.json()
            self.books.promise("OrderPlaced", order_id=made["order_id"])
            self.books.promise("ServiceOrdered", service_id=made["service_id"])
            self.books.promise("InvoiceIssued", invoice_id=made["invoice_id"])
            person.orders.append(made["order_id"])
            person.invoices.append(made["invoice_id"])

    async def _pay(self, person: Person, dice: random.Random) -> None:
        if not person.invoices:
            return
        invoice = dice.choice(person.invoices[-4:])
        path = f"billing/v1/invoices/{invoice}/payments"
        started = await self._accept("payment", path, person, body={"method": "card"}, dice=dice)
        if started.status_code != 201:
            return
        payment = started.json()["payment_id"]
        self.books.promise("PaymentStarted", payment_id=payment)
        opened = await self._asker.definite(
            Wish(
                name="hosted page",
                path=f"billing/v1/payments/{payment}/hosted-page",
                body={"return_url_path": f"/invoices/{invoice}"},
            ),
            person,
        )
        if opened.status_code == 200:
            await self._at_the_gateway(opened.json()["url"], dice)

    async def _at_the_gateway(self, url: str, dice: random.Random) -> None:
        outcome = dice.choices(("approve", "decline", "leave"), (80, 10, 10))[0]
        if outcome != "leave":
            pay = Wish(name="gateway", path=url, body={"outcome": outcome}, is_form=True)
            await self._asker.definite(pay)

    async def _complain(self, person: Person, dice: random.Random) -> None:
        body = {
            "department": dice.choice(("suporte", "financeiro")),
            "subject": f"Assunto {dice.getrandbits(32):x}",
            "message": "Meu site está fora do ar. " * dice.randint(1, 40),
        }
        answer = await self._accept("ticket", "tickets/v1/tickets", person, body=body, dice=dice)
        if answer.status_code == 201:
            person.tickets.append(answer.json()["ticket_id"])
            self.books.promise("TicketOpened", ticket_id=person.tickets[-1])

    async def _reply(self, person: Person, dice: random.Random) -> None:
        if person.tickets:
            await self._write_to(dice.choice(person.tickets), person, dice)

    async def _write_to(self, ticket: str, person: Person, dice: random.Random) -> None:
        body = {"message": f"E agora? {dice.getrandbits(32):x}"}
        path = f"tickets/v1/tickets/{ticket}/replies"
        answer = await self._accept("reply", path, person, body=body, dice=dice)
        if answer.status_code == 201:
            self.books.replies[ticket] += 1

    async def _close(self, person: Person, dice: random.Random) -> None:
        if person.tickets:
            path = f"tickets/v1/tickets/{dice.choice(person.tickets)}/close"
            await self._accept("close", path, person, dice=dice)

    async def _cancel(self, person: Person, dice: random.Random) -> None:
        if person.orders:
            path = f"billing/v1/orders/{person.orders[-1]}/cancel"
            await self._accept("cancellation", path, person, dice=dice)

    async def _read(self, person: Person, dice: random.Random) -> None:
        path = dice.choice(("services", "invoices", "tickets", "account", "emails"))
        wish = Wish(name="page", method="GET", path=f"portal/api/v1/{path}")
        answer = await self._asker.once(wish, person)
        if answer is not None and answer.status_code == 401:
            await self._asker.renew(person)

    # ------------------------------------------------------------------------------- the others

    async def _staff(self) -> None:
        """A member of staff answers the brand's tickets."""
        dice = random.Random(f"{self._seed}/staff")
        known = await asyncio.to_thread(self._stand.platform.sign_in_of, "staff")
        body = {"brand": BRAND, "email": known["email"], "password": known["password"]}
        staff = Person(number=-1, email=known["email"], address="")
        sign_in = Wish(name="sign in", path="accounts/v1/sessions", body=body)
        staff.session = (await self._asker.definite(sign_in, staff)).json()["session"]
        await self._asker.renew(staff)
        while not self._ending.is_set():
            await self._pause(dice.uniform(0.1, 1.0))
            path = f"tickets/v1/brands/{BRAND}/tickets?limit=20"
            found = await self._asker.definite(Wish(name="tickets", method="GET", path=path), staff)
            if tickets := found.json():
                await self._write_to(dice.choice(tickets)["ticket_id"], staff, dice)

    async def _days(self) -> None:
        """The brand's business days pass, quicker than in life; each ends before the next begins.

        Else a slow machine would be left with days of work when the traffic ends.
        """
        path = f"billing/internal/business-days/{BRAND}"
        while not self._ending.is_set():
            await self._pause(A_DAY_EVERY_S)
            known = await self._asker.definite(Wish(name="today", method="GET", path=path))
            if known.json()["running"]:
                continue
            day = date.fromisoformat(known.json()["today"]) + timedelta(days=1)
            body = {"brand": BRAND, "day": str(day)}
            start = "billing/internal/business-days"
            key = f"day/{day}"
            answer = await self._asker.definite(Wish(name="day", path=start, body=body, key=key))
            assert answer.status_code == 201, answer.text
            self.books.accepted["day"] += 1
            self.books.promise("BusinessDayStarted", day=day)

    async def _vandal(self) -> None:
        """Sends what is no request; the answer must be a refusal, never a fault."""
        dice = random.Random(f"{self._seed}/vandal")
        places = (
            "accounts/v1/sessions",
            "billing/v1/orders",
            "tickets/v1/tickets",
            "portal/sign-in",
        )
        async with httpx.AsyncClient(timeout=20, trust_env=False) as http:
            while not self._ending.is_set():
                await self._pause(dice.uniform(0.2, 1.0))
                service, _, path = dice.choice(places).partition("/")
                await self._send_rubbish(
                    http, f"{self._stand.installation.url(service)}/{path}", dice
                )

    async def _send_rubbish(self, http: httpx.AsyncClient, url: str, dice: random.Random) -> None:
        body = dice.choice(BAD_BODIES)
        headers = {"content-type": "application/json", "idempotency-key": "rubbish"}
        try:
            answer = await http.post(url, content=body, headers=headers)
        except httpx.TransportError:
            return
        self.books.statuses[answer.status_code] += 1
        if not (400 <= answer.status_code < 500 or answer.status_code in NOT_DEFINITE):
            self.books.faults.append(f"rubbish to {url}: {answer.status_code}")

    # ------------------------------------------------------------------------------------------

    async def _accept(
        self,
        name: str,
        path: str,
        person: Person,
        *,
        body: Any = None,
        dice: random.Random | None = None,
    ) -> httpx.Response:
        """The definite answer to one command; an acceptance is written down with its position."""
        key = str(UUID(int=dice.getrandbits(128), version=4)) if dice else ""
        answer = await self._asker.definite(Wish(name=name, path=path, body=body, key=key), person)
        if answer.is_success:
            self.books.accepted[name] += 1
            if position := answer.headers.get("faktura-position"):
                account = person.account_id if name != "reply" else ""
                self.books.note_position(position, account)
        return answer

    async def _pause(self, seconds: float) -> None:
        """Think; the end of the traffic cuts it short."""
        try:
            await asyncio.wait_for(self._ending.wait(), seconds)
        except TimeoutError:
            return


async def _as_coroutine(way: Callable[[], Awaitable[None]]) -> None:
    await way()


def _newcomer(seed: int, number: int) -> Person:
    email = f"p{seed}.{number}@cliente.example"
    return Person(number=number, email=email, address=f"10.{seed % 250}.{number % 250}.7")


def _registration(person: Person) -> dict[str, str]:
    return {
        "brand": BRAND,
        "language": "pt-BR",
        "name": f"Pessoa {person.number}",
        "email": person.email,
        "phone": "+55 11 98888-7777",
        "tax_id": "529.982.247-25",
        "address": f"{STREETS[person.number % len(STREETS)]}, {person.number}",
        "city": "São Paulo",
        "state": "SP",
        "postal_code": "01000-000",
        "country": "BR",
        "password": PASSWORD,
    }


@asynccontextmanager
async def traffic(
    stand: Stand, books: Books, *, seed: int, people: int = 8
) -> AsyncIterator[Crowd]:
    """A crowd for the time of the block; at its end every wish has its definite answer."""
    crowd = Crowd(stand, books, seed=seed)
    try:
        await crowd.begin(people)
        yield crowd
    finally:
        await crowd.end()


@asynccontextmanager
async def under_load(
    stand: Stand, books: Books, *, seed: int, people: int = 6
) -> AsyncIterator[Crowd]:
    """Traffic before, during and after the block; then quiet, and every invariant but I8."""
    async with traffic(stand, books, seed=seed, people=people) as crowd:
        await crowd.until(10)
        yield crowd
        await crowd.until(10)
    await check_invariants(stand, books)
