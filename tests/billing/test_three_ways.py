"""The match of gateway, payments and ledger: each way to differ is found, and nothing else is."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import msgspec
from hypothesis import given as any_of
from hypothesis import strategies as st

from services.billing.gateways.port import DayEntry
from services.billing.reconciliation.reconciliation import DayTotal, Reconciliation
from services.billing.reconciliation.three_ways import (
    OurPayment,
    Reports,
    compare,
    in_our_ids,
)
from tests.given import given

ACCOUNT, ANA, RUI = UUID(int=1), UUID(int=11), UUID(int=12)
DAY = date(2026, 11, 21)


def told(payment_id: UUID | str = ANA, amount_minor: int = 2990, **changes: str) -> DayEntry:
    says = {
        "kind": "payment",
        "id": f"ch_{payment_id}",
        "currency": "BRL",
        "payment_id": str(payment_id),
        "amount_minor": amount_minor,
    }
    return msgspec.convert({**says, **changes}, DayEntry)


def ours(payment_id: UUID = ANA, amount_minor: int = 2990) -> OurPayment:
    return OurPayment(
        payment_id=payment_id,
        account_id=ACCOUNT,
        brand="ponto",
        currency="BRL",
        received_minor=amount_minor,
        ledger_minor=amount_minor,
    )


def kinds(
    *entries: DayEntry, own: OurPayment | None = None, after: tuple[DayEntry, ...] = ()
) -> list[str]:
    mine = {own.payment_id: own} if own else {}
    received = [own.payment_id] if own and own.received_minor else []
    found = compare(Reports(day=entries, after=after), mine, received=received)
    return [each.kind for each in found.differences]


def test_three_that_say_the_same_do_not_differ() -> None:
    assert kinds(told(), own=ours()) == []
    found = compare(Reports(day=[told()], after=[]), {ANA: ours()}, received=[ANA])
    assert [(t.gateway_minor, t.ours_minor, t.ledger_minor) for t in found.totals] == [
        (2990, 2990, 2990)
    ]


def test_f46_money_that_the_gateway_took_and_we_do_not_know_is_a_difference() -> None:
    assert kinds(told(RUI)) == ["unknown_to_us"]
    assert kinds(told("not an id of ours")) == ["unknown_to_us"]
    unpaid = replace(ours(), received_minor=0, ledger_minor=0)
    assert kinds(told(), own=unpaid) == ["amounts_differ"]


def test_money_of_which_the_gateway_knows_nothing_is_a_difference() -> None:
    assert kinds(own=ours()) == ["not_at_gateway"]


def test_money_that_came_there_after_midnight_is_found_on_the_next_day() -> None:
    """The gateway's clock is ahead of the brand's."""
    assert kinds(own=ours(), after=(told(),)) == []


def test_f52_two_charges_of_one_payment_are_a_difference() -> None:
    assert kinds(told(), replace_id(told(), "ch_2"), own=ours()) == ["amounts_differ"]


def test_a61_another_amount_or_currency_is_a_difference() -> None:
    assert kinds(told(amount_minor=2989), own=ours()) == ["amounts_differ"]
    assert kinds(told(currency="USD"), own=ours()) == ["currencies_differ"]


def test_a_ledger_that_says_something_else_is_a_difference() -> None:
    assert kinds(told(), own=replace(ours(), ledger_minor=0)) == ["amounts_differ"]


def test_f55_f56_refunds_and_disputes_that_we_do_not_know_are_differences() -> None:
    refund = told(amount_minor=-500, kind="refund", reference="re_1")
    dispute = told(amount_minor=-2990, kind="dispute")
    assert kinds(told(), refund, dispute, own=ours()) == [
        "refund_unknown_to_us",
        "dispute_unknown_to_us",
    ]
    known = replace(ours(), refunds={"re_1": 500}, is_disputed=True)
    assert kinds(told(), refund, dispute, own=known) == []


def test_a_payment_is_known_by_our_reference_and_what_followed_by_its_name_there() -> None:
    paid = told("ch_1", reference=str(ANA))
    refund = told("ch_1", amount_minor=-500, kind="refund", reference="re_1")
    strange = told("ch_9", amount_minor=-700, kind="refund", reference="re_9")
    named = in_our_ids([paid, refund, strange], {"ch_1": ANA})
    assert [each.payment_id for each in named] == [str(ANA), str(ANA), ""]
    known = replace(ours(), refunds={"re_1": 500})
    assert kinds(*named, own=known) == []


def test_what_is_refunded_of_an_earlier_day_is_no_money_of_this_one() -> None:
    refund = told(amount_minor=-500, kind="refund", reference="re_1")
    known = replace(ours(), refunds={"re_1": 500})
    found = compare(Reports(day=[refund], after=[]), {ANA: known}, received=[])
    assert (found.differences, found.totals) == ((), ())


def test_fees_and_payouts_are_of_nobody() -> None:
    fee = DayEntry(kind="fee", id="f", amount_minor=-30, currency="BRL")
    assert kinds(told(), fee, own=ours()) == []


def test_a64_payments_of_another_brand_are_that_ones() -> None:
    found = compare(Reports(day=[told(RUI)], after=[]), {}, received=[], foreign=[RUI])
    assert (found.differences, found.totals) == ((), ())


def replace_id(entry: DayEntry, id: str) -> DayEntry:
    return DayEntry(
        kind=entry.kind,
        id=id,
        amount_minor=entry.amount_minor,
        currency=entry.currency,
        payment_id=entry.payment_id,
    )


AMOUNTS = st.dictionaries(
    st.integers(1, 30).map(lambda n: UUID(int=n)), st.integers(1, 10**9), max_size=20
)


@any_of(AMOUNTS, st.data())
def test_each_payment_that_is_left_out_or_changed_is_found_and_no_other(
    amounts: dict[UUID, int], data: st.DataObject
) -> None:
    own = {id: ours(id, minor) for id, minor in amounts.items()}
    entries = [told(id, minor) for id, minor in amounts.items()]
    ids = sorted(amounts)
    lost = set(data.draw(st.lists(st.sampled_from(ids), unique=True))) if ids else set()
    changed = set(data.draw(st.lists(st.sampled_from(ids), unique=True))) - lost if ids else set()
    report = [told(id, amounts[id] + (1 if id in changed else 0)) for id in ids if id not in lost]
    assert compare(Reports(day=entries, after=[]), own, received=ids).differences == ()
    found = compare(Reports(day=data.draw(st.permutations(report)), after=[]), own, received=ids)
    by_kind = {(each.kind, UUID(each.subject)) for each in found.differences}
    assert by_kind == {("not_at_gateway", id) for id in lost} | {
        ("amounts_differ", id) for id in changed
    }


def test_a_day_is_compared_once() -> None:
    day = Reconciliation.ask(brand="ponto", gateway="sandbox", day=DAY)
    total = DayTotal(currency="BRL", gateway_minor=1, ours_minor=2, ledger_minor=2)
    given(day).when(lambda d: d.compare(totals=[total], differences=1)).then(
        (Reconciliation.Compared, {"outcome": "differs", "totals": [total], "differences": 1})
    )
    given(day).when(lambda d: d.give_up()).then(
        (Reconciliation.Compared, {"outcome": "unreported", "totals": [], "differences": 0})
    )
    day.compare(totals=[], differences=0)
    given(day).when(lambda d: d.compare(totals=[total], differences=1)).then_nothing()
    given(day).when(lambda d: d.give_up()).then_nothing()
