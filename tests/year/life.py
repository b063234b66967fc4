"""What clients, staff, gateway and panel do in a year, drawn from a seed.

Whatever billing refuses is counted and not tried again: a client who asks for what cannot be.
"""

import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from services.billing.carts.commands import (
    AboutCart,
    CheckOut,
    OpenCart,
    add_item,
    check_out,
    open_cart,
    preview_cart,
)
from services.billing.carts.items import PRODUCT, RENEWAL, CartItem
from services.billing.catalogue.product import Product
from services.billing.charges.commands import (
    AddBillableItem,
    BillNow,
    add_billable_item,
    bill_now,
)
from services.billing.credit_notes.commands import (
    CorrectedLine,
    CorrectInvoice,
    IssueCreditNote,
    correct_and_reissue,
    issue_credit_note,
)
from services.billing.credit_notes.writing_off import WriteOffInvoice, write_off_invoice
from services.billing.held_services.commands import RenewEarly, renew_early
from services.billing.invoices.commands import (
    CancelInvoice,
    void_invoice,
)
from services.billing.orders.commands import PlaceOrder, place_order
from services.billing.orders.giving_up import CancelOrder, cancel_order
from services.billing.payments.commands import StartPayment, start_payment
from services.billing.rules.commands import ChangeAccountRules, change_account_rules
from services.billing.service_changes.commands import (
    ChangeHeldService,
    WithdrawChange,
    order_change,
    withdraw_change,
)
from services.billing.service_changes.wanted import Wanted
from services.billing.service_endings.commands import (
    CancelService,
    WithdrawCancellation,
    cancel_service,
    withdraw_cancellation,
)
from services.billing.suspensions.commands import (
    LiftByStaff,
    SuspendService,
    lift_by_staff,
    suspend_service,
)
from shared.errors import DomainError
from shared.ids import new_id
from shared.store import Transaction
from tests.year.books import Bill, Books, Holder
from tests.year.contracts import Contract
from tests.year.shop import ACCOUNT_RULES, CYCLES, SLUGS
from tests.year.world import BRAND, World, account_id

Command = Callable[[Any, Transaction], Awaitable[Any]]


@dataclass(frozen=True, kw_only=True)
class Temper:
    """How a client is: when bills are paid (days from the due date), how often a card fails."""

    pays_at: tuple[int, int]
    fails: float
    forgets: float
    joins: int


class Life:
    """All that happens from outside."""

    def __init__(self, world: World, books: Books, *, draw: random.Random, accounts: int) -> None:
        self._world = world
        self._books = books
        self._draw = draw
        self.refused: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self._tempers = [self._temper(number) for number in range(accounts)]
        self._plans: dict[UUID, list[tuple[date, str]]] = {}
        """By invoice: the days on which its owner does something about it, and what."""
        self._answers: list[tuple[date, str]] = []
        self._pending: list[tuple[date, UUID]] = []
        self._untold: list[str] = []
        """Checkouts whose last news the gateway has told nobody."""

    def _temper(self, number: int) -> Temper:
        draw = self._draw
        ways = [(-14, -5), (-3, 0), (0, 0), (0, 4), (3, 12), (8, 40)]
        chosen = draw.choices(ways, weights=[3, 4, 4, 3, 2, 1])[0]
        return Temper(
            pays_at=chosen,
            fails=draw.choice([0.0, 0.0, 0.1, 0.5]),
            forgets=draw.choice([0.0, 0.0, 0.02, 0.1, 0.4]),
            joins=0 if number < 5 else draw.randrange(0, 60),
        )

    async def live(self, day: int) -> None:
        """What happens on a day between its automation and the next."""
        for number, temper in enumerate(self._tempers):
            if temper.joins == day:
                self._world.register(number)
            if temper.joins <= day:
                await self._one(account_id(number), temper, is_new=temper.joins == day)
        await self._clear_payments()
        await self._answer_for_panel()

    async def _one(self, account: UUID, temper: Temper, *, is_new: bool) -> None:
        holder = self._books.holders.get(account, Holder(account))
        if is_new or (len(holder.contracts) < 4 and self._draw.random() < 1 / 120):
            await self._order(account)
        for bill in list(map(holder.bills.__getitem__, sorted(holder.open_bills))):
            await self._look_at_bill(account, bill, temper)
        for service_id, contract in sorted(holder.contracts.items()):
            if self._draw.random() < 1 / 40:
                await self._wish(account, service_id, contract)
        if holder.bills and self._draw.random() < 1 / 90:
            await self._by_staff(account, holder)

    async def _try(self, name: str, work: Callable[[Transaction], Awaitable[Any]]) -> Any:
        """The outcome, None where billing refuses."""
        try:
            outcome = await self._world.do(work, actor=f"user:{name}")
        except DomainError as refusal:
            self.refused[f"{name}: {refusal.code}"] += 1
            return None
        self.done[name] += 1
        return outcome

    # ------------------------------------------------------------------------------ ordering

    async def _order(self, account: UUID) -> None:
        """One product without a cart, or up to three from one; some leave it as it is."""
        if self._draw.random() < 0.5:
            command = PlaceOrder(
                id=new_id(), account_id=account, brand=BRAND, items=[self._product()]
            )
            await self._try("order", partial(place_order, command))
            return
        opened = OpenCart(account_id=account, brand=BRAND)
        cart = await self._try("open cart", partial(open_cart, opened))
        about = AboutCart(cart_id=cart.id, account_id=account)
        for _ in range(self._draw.choice([1, 1, 2, 3])):
            await self._try("add item", partial(self._put_in, about, self._product()))
        if self._draw.random() < 0.8:
            await self._check_out(about)

    async def _check_out(self, about: AboutCart) -> None:
        """Order all that is in a cart as its preview says, which is what the invoice says then."""
        shown = await self._try("look at cart", partial(preview_cart, about))
        if shown is None:
            return
        assert about.account_id, "a client's own cart"
        seen = shown.quoted.fingerprint
        command = CheckOut(cart_id=about.cart_id, account_id=about.account_id, seen=seen)
        await self._try("check out", partial(check_out, command))

    @staticmethod
    async def _put_in(about: AboutCart, item: CartItem, tx: Transaction) -> None:
        await add_item(about, item, tx=tx)

    def _product(self) -> CartItem:
        slug = self._draw.choices(SLUGS, weights=[5, 3, 1])[0]
        return CartItem(
            item_id=new_id(),
            kind=PRODUCT,
            product_id=Product.id_of(BRAND, slug),
            cycle=self._draw.choice(CYCLES),
            domain=f"d{self._draw.randrange(10**9)}.example",
        )

    async def _order_renewal(self, account: UUID, service_id: UUID) -> None:
        periods = self._draw.randrange(1, 3)
        item = CartItem(item_id=new_id(), kind=RENEWAL, service_id=service_id, periods=periods)
        command = PlaceOrder(id=new_id(), account_id=account, brand=BRAND, items=[item])
        await self._try("order renewal", partial(place_order, command))

    # ------------------------------------------------------------------------------ paying

    async def _look_at_bill(self, account: UUID, bill: Bill, temper: Temper) -> None:
        today = self._world.today
        if bill.id not in self._plans:
            self._plans[bill.id] = self._plan(bill, temper)
        plans = self._plans[bill.id]
        if not plans or plans[0][0] > today:
            return
        _, what = plans.pop(0)
        if what == "give up" and bill.order_id:
            cancel = CancelOrder(
                order_id=UUID(bill.order_id), reason="client", today=today, account_id=account
            )
            await self._try("cancel order", partial(cancel_order, cancel))
        elif what == "dispute" and bill.about:
            await self._settle_dispute(account, bill)
        elif what in ("card", "boleto", "learnt late", "abandon", "declined"):
            await self._pay(account, bill, what)

    async def _settle_dispute(self, account: UUID, fee: Bill) -> None:
        """Staff lets go of a late fee, or of what it is for: then the fee follows by itself."""
        late = self._books.holders[account].bills[UUID(fee.about)]
        match self._draw.choice(["fee", "late", "void"]):
            case "fee":
                await self._credit(fee, "Late by our own fault", amounts=None)
            case "late":
                await self._credit(late, "Never ordered", amounts=None)
            case "void":
                await self._void(late)

    def _plan(self, bill: Bill, temper: Temper) -> list[tuple[date, str]]:
        """When something is done about a new bill, and what. An empty plan: it is forgotten."""
        draw, today = self._draw, self._world.today
        if bill.about and draw.random() < 0.4:
            return [(today + timedelta(days=draw.randrange(0, 9)), "dispute")]
        if bill.order_id and draw.random() < 0.06:
            return [(today + timedelta(days=draw.randrange(0, 5)), "give up")]
        if draw.random() < temper.forgets:
            return []
        day = max(today, bill.due_on + timedelta(days=draw.randint(*temper.pays_at)))
        plans = []
        while draw.random() < temper.fails:
            plans.append((day, draw.choice(["declined", "declined", "abandon"])))
            day += timedelta(days=draw.randrange(1, 4))
        how = draw.choices(["card", "boleto", "learnt late"], weights=[6, 3, 1])[0]
        return [*plans, (day, how)]

    async def _pay(self, account: UUID, bill: Bill, what: str) -> None:
        method = "boleto" if what in ("boleto", "learnt late") else "card"
        start = StartPayment(account_id=account, invoice_id=bill.id, method=method)
        payment = await self._try("start payment", partial(start_payment, start))
        if payment is None or payment.has_ended:
            return
        gateway, today = self._world.gateway, self._world.today
        match what:
            case "card":
                await self._world.tell_of_payment(gateway.take(payment, "succeeded", paid_on=today))
            case "declined":
                await self._world.tell_of_payment(gateway.take(payment, "failed", paid_on=None))
            case "boleto":
                checkout = gateway.take(payment, "pending", paid_on=None)
                if self._draw.random() < 0.8:
                    await self._world.tell_of_payment(checkout)
                clears = today + timedelta(days=self._draw.randrange(1, 4))
                self._pending.append((clears, payment.id))
            case "learnt late":
                learnt = today + timedelta(days=self._draw.randrange(1, 9))
                self._pending.append((learnt, payment.id))
                gateway.take(payment, "open", paid_on=today)
        self.done[what] += 1

    async def _clear_payments(self) -> None:
        """The bank's news about what is on its way: money, or that there will be none."""
        today = self._world.today
        due = [each for each in self._pending if each[0] <= today]
        self._pending = [each for each in self._pending if each[0] > today]
        for _, payment_id in due:
            said = self._world.gateway.checkouts[str(payment_id)]
            status: Any = "succeeded" if self._draw.random() < 0.9 else "expired"
            self._world.gateway.settle(str(payment_id), status, today=today)
            if self._draw.random() < 0.9:
                await self._world.tell_of_payment(said.id)
            else:
                self._untold.append(said.id)
        await self._world.inquiry.ask_about_due()

    async def settle_all(self) -> None:
        """The gateway tells at last of all that it has."""
        for checkout_id in self._untold:
            await self._world.tell_of_payment(checkout_id)
        await self._world.catch_up()

    # ------------------------------------------------------------------------------ services

    async def _wish(self, account: UUID, service_id: UUID, contract: Contract) -> None:
        if contract.status not in ("active", "suspended"):
            return
        draw, today = self._draw, self._world.today
        about: dict[str, Any] = {"service_id": service_id, "account_id": account}
        wishes = ["change", "cycle", "cancel", "withdraw", "withdraw change", "early", "halt"]
        wishes.append("renew")
        match draw.choices(wishes, weights=[6, 2, 1, 2, 2, 3, 1, 2])[0]:
            case "change":
                product_id = Product.id_of(BRAND, draw.choice(SLUGS))
                change = ChangeHeldService(
                    **about, wanted=Wanted(product_id=product_id), today=today
                )
                await self._try("change", partial(order_change, change))
            case "cycle":
                wanted = Wanted(cycle=draw.choice(["monthly", "quarterly", "annual"]))
                change = ChangeHeldService(**about, wanted=wanted, today=today)
                await self._try("change cycle", partial(order_change, change))
            case "cancel":
                at = draw.choice(["now", "period_end", "period_end"])
                cancel = CancelService(
                    **about, at=at, reason="other", requested_by="client", today=today
                )
                await self._try(f"cancel {at}", partial(cancel_service, cancel))
            case "withdraw":
                withdraw = WithdrawCancellation(**about)
                await self._try("withdraw", partial(withdraw_cancellation, withdraw))
            case "withdraw change":
                back = WithdrawChange(**about, today=today)
                await self._try("withdraw change", partial(withdraw_change, back))
            case "early":
                early = RenewEarly(**about, periods=draw.randrange(1, 3), today=today)
                await self._try("renew early", partial(renew_early, early))
            case "halt":
                await self._halt(service_id, contract)
            case "renew":
                await self._order_renewal(account, service_id)

    async def _halt(self, service_id: UUID, contract: Contract) -> None:
        if contract.status == "suspended":
            today, days = self._world.today, self._draw.choice([None, None, 2, 20])
            until = today + timedelta(days=days) if days else None
            lift = LiftByStaff(service_id=service_id, brand=BRAND, today=today, until=until)
            await self._try("lift", partial(lift_by_staff, lift))
        else:
            halt = SuspendService(
                service_id=service_id, brand=BRAND, reason="abuse", today=self._world.today
            )
            await self._try("suspend", partial(suspend_service, halt))

    async def _answer_for_panel(self) -> None:
        """The panel does what it was asked for, soon or late; now and then it refuses."""
        today = self._world.today
        known = {request_id for _, request_id in self._answers}
        for request_id in self._world.panel.requests:
            if request_id not in known:
                takes = self._draw.choices([0, 0, 1, 3], weights=[8, 8, 2, 1])[0]
                self._answers.append((today + timedelta(days=takes), request_id))
        due = [request_id for day, request_id in self._answers if day <= today]
        self._answers = [each for each in self._answers if each[0] > today]
        for request_id in due:
            refusal = "quota" if self._draw.random() < 0.02 else None
            await self._world.answer_for_panel(request_id, refusal=refusal)

    # ------------------------------------------------------------------------------ staff

    async def _by_staff(self, account: UUID, holder: Holder) -> None:
        draw = self._draw
        bill = holder.bills[draw.choice(sorted(holder.bills))]
        wishes = ["credit", "credit", "correct", "write off", "void", "item", "item", "rules"]
        match draw.choice(wishes):
            case "credit":
                await self._credit(bill, "As agreed", amounts=self._part_of(bill))
            case "correct":
                await self._correct(bill)
            case "write off":
                off = WriteOffInvoice(
                    invoice_id=bill.id, brand=BRAND, today=self._world.today, reason="Too small"
                )
                await self._try("write off", partial(write_off_invoice, off))
            case "void":
                await self._void(bill)
            case "item":
                await self._item(account)
            case _:
                rules = ChangeAccountRules(
                    account_id=account, brand=BRAND, rules=draw.choice(ACCOUNT_RULES)
                )
                await self._try("account rules", partial(change_account_rules, rules))

    async def _void(self, bill: Bill) -> None:
        void = CancelInvoice(invoice_id=bill.id, today=self._world.today, reason="Sent by mistake")
        await self._try("void", partial(void_invoice, void))

    def _part_of(self, bill: Bill) -> dict[int, int] | None:
        if self._draw.random() < 0.3:
            return None
        place = self._draw.randrange(len(bill.lines))
        net_minor = bill.lines[place]["net_minor"]
        if net_minor <= 1 or self._draw.random() < 0.3:
            return {place: net_minor}
        return {place: self._draw.randrange(1, net_minor)}

    async def _credit(self, bill: Bill, reason: str, *, amounts: dict[int, int] | None) -> None:
        note = IssueCreditNote(
            id=new_id(),
            invoice_id=bill.id,
            brand=BRAND,
            today=self._world.today,
            reason=reason,
            amounts=amounts,
        )
        await self._try("credit note", partial(issue_credit_note, note))

    async def _correct(self, bill: Bill) -> None:
        lines = [
            CorrectedLine(
                description=line["description"],
                net_minor=max(1, line["net_minor"] - self._draw.randrange(-200, 300)),
                place=place,
            )
            for place, line in enumerate(bill.lines)
        ]
        correct = CorrectInvoice(
            invoice_id=bill.id,
            credit_note_id=new_id(),
            new_id=new_id(),
            brand=BRAND,
            today=self._world.today,
            due_on=bill.due_on,
            reason="The price was wrong",
            lines=lines,
        )
        await self._try("correct", partial(correct_and_reissue, correct))

    async def _item(self, account: UUID) -> None:
        draw, today = self._draw, self._world.today
        due = draw.choice(["next_invoice", "on_date", "now"])
        item = AddBillableItem(
            id=new_id(),
            account_id=account,
            brand=BRAND,
            description="Restore of a backup",
            net_minor=draw.randrange(1, 20000),
            currency="BRL",
            due="on_date" if due == "on_date" else "next_invoice",
            bill_on=today + timedelta(days=draw.randrange(0, 30)) if due == "on_date" else None,
        )
        if due == "now":
            now = BillNow(item=item, today=today, due_on=today + timedelta(days=7))
            await self._try("bill now", partial(bill_now, now))
        else:
            await self._try("item", partial(add_billable_item, item))
