"""An entry of a statement: decided once, taken back by a new event, never worth more than it is."""

from typing import Any

import pytest

from services.billing.bank_transfers.bank_entry import (
    BankEntry,
    EntryBringsNoMoney,
    EntryIsDecided,
    EntryIsOpen,
    ReadingUnknown,
    SharesExceedEntry,
)
from services.billing.bank_transfers.bank_statement import BankStatement
from services.billing.bank_transfers.known_payer import KnownPayer
from services.billing.bank_transfers.shares import Reading
from services.billing.brands.brand import Brand
from services.billing.brands.transfer_accounts import (
    TransferAccount,
    TransferAccountInvalid,
    is_iban,
)
from services.billing.invoices.invoice import Invoice
from services.billing.invoices.reversals import (
    InvoiceIsCredited,
    PaymentNotCounted,
    take_payment_back,
)
from services.billing.invoices.settlement import InvoiceIsWrittenOff
from services.billing.payments.payment import Payment
from services.billing.payments.reversing import PaymentNotReversible, reverse_payment
from tests.billing.bank_samples import (
    payment_method,
    recorded_entry,
    share,
    taken_in_statement,
    why,
)
from tests.billing.samples import (
    INVOICE,
    ORDER,
    OTHER,
    PAYMENT,
    TODAY,
    brand_settings,
    failed_payment,
    issued_invoice,
    paid_invoice,
    succeeded_payment,
)
from tests.given import given, rebuilt


def test_an_entry_is_allocated_once_and_to_the_last_cent() -> None:
    entry = recorded_entry()
    first = entry.next_allocation()
    given(entry).when(lambda e: e.allocate([share()], why())).then(
        (BankEntry.Allocated, {"allocation_id": first, "shares": [share()], "why": why()})
    )
    entry.allocate([share()], why())
    given(entry).when(lambda e: e.allocate([share()], why())).then_refused(EntryIsDecided)
    given(entry).when(lambda e: e.set_aside("mine", why())).then_refused(EntryIsDecided)
    given(entry).when(lambda e: e.suggest([], [])).then_refused(EntryIsDecided)


def test_shares_are_all_of_the_entry_and_never_more() -> None:
    more, less = share(amount_minor=2991), share(amount_minor=2989)
    given(recorded_entry()).when(lambda e: e.allocate([more], why())).then_refused(
        SharesExceedEntry
    )
    with pytest.raises(AssertionError):
        recorded_entry().allocate([less], why())


@pytest.mark.parametrize(
    "changes", [{"is_credit": False}, {"is_reversal": True}, {"amount_minor": 0}]
)
def test_what_brings_no_money_pays_nothing(changes: dict[str, Any]) -> None:
    entry = recorded_entry(**changes)
    given(entry).when(lambda e: e.allocate([share()], why())).then_refused(EntryBringsNoMoney)


def test_what_was_decided_is_taken_back_by_a_new_event_and_decided_anew() -> None:
    entry = recorded_entry()
    first = entry.next_allocation()
    entry.allocate([share()], why())
    undone = rebuilt(entry).reopen("wrong client", why())
    assert undone == (share(),)
    entry.reopen("wrong client", why())
    again = rebuilt(entry)
    assert (again.status, again.shares) == ("open", ())
    assert again.next_allocation() != first
    given(entry).when(lambda e: e.reopen("again", why())).then_refused(EntryIsOpen)


def test_what_was_set_aside_can_be_looked_at_again() -> None:
    entry = recorded_entry()
    entry.set_aside("a refund of our landlord", why())
    assert rebuilt(entry).reopen("a client's after all", why()) == ()


def test_the_same_suggestions_again_change_nothing() -> None:
    reading = Reading(account_ids=[OTHER], invoice_ids=[INVOICE], score=40, reasons=["named"])
    entry = recorded_entry()
    entry.suggest(["too_little_known"], [reading])
    given(entry).when(lambda e: e.suggest(["too_little_known"], [reading])).then_nothing()
    assert rebuilt(entry).reading(0) == reading
    given(entry).when(lambda e: e.reading(1)).then_refused(ReadingUnknown)


def test_a_file_of_a_brand_has_one_id_for_its_bytes() -> None:
    ids = {BankStatement.id_of(*of) for of in (("ponto", "a"), ("ponto", "b"), ("sol", "a"))}
    assert len(ids | {BankStatement.id_of("ponto", "a")}) == 3
    with pytest.raises(AssertionError):
        taken_in_statement(entries=1, new_entries=2)


def test_a_payer_is_forgotten_and_met_again() -> None:
    names = {"payer_account": "123", "payer_name": "ANA"}
    payer = KnownPayer.meet(account_id=OTHER, brand="ponto", **names)
    given(payer).when(lambda p: p.remember(**names)).then_nothing()
    given(payer).when(lambda p: p.forget()).then((KnownPayer.Forgotten, {}))
    payer.forget()
    given(payer).when(lambda p: p.forget()).then_nothing()
    given(payer).when(lambda p: p.remember(**names)).then((KnownPayer.Remembered, names))


# ------------------------------------------------------------------------- payments taken back


def test_an_invoice_whose_payment_is_taken_back_is_owed_again_and_can_be_paid_again() -> None:
    expected = {"payment_id": PAYMENT, "amount_minor": 2990, "taken_back_on": TODAY}
    given(paid_invoice()).when(lambda i: take_payment_back(i, PAYMENT, today=TODAY)).then(
        (Invoice.PaymentTakenBack, expected)
    )
    invoice = paid_invoice()
    assert take_payment_back(invoice, PAYMENT, today=TODAY) == 2990
    again = rebuilt(invoice)
    assert (again.open_minor, again.settlement.payments) == (2990, {})
    assert (issued_invoice().unpaid_order_id, again.unpaid_order_id) == (ORDER, None)
    assert again.pay(payment_id=OTHER, amount_minor=3000, today=TODAY) == 10


def test_only_what_settles_an_invoice_can_be_taken_back_from_it() -> None:
    given(issued_invoice()).when(lambda i: take_payment_back(i, PAYMENT, today=TODAY)).then_refused(
        PaymentNotCounted
    )
    credited = paid_invoice()
    credited.take_back(credit_note_id=OTHER, amount_minor=1, today=TODAY)
    given(credited).when(lambda i: take_payment_back(i, PAYMENT, today=TODAY)).then_refused(
        InvoiceIsCredited
    )
    given_up = issued_invoice()
    given_up.pay(payment_id=PAYMENT, amount_minor=1, today=TODAY)
    given_up.write_off("insolvent")
    given(given_up).when(lambda i: take_payment_back(i, PAYMENT, today=TODAY)).then_refused(
        InvoiceIsWrittenOff
    )


def test_a_payment_is_reversed_once_and_only_with_all_of_its_money_here() -> None:
    reverse = (Payment.Reversed, {"reason": "payment_taken_back"})
    payment = succeeded_payment()
    given(payment).when(lambda p: reverse_payment(p, "payment_taken_back")).then(reverse)
    reverse_payment(payment, "payment_taken_back")
    assert (rebuilt(payment).is_paid, rebuilt(payment).has_ended) == (False, True)
    refunded = succeeded_payment()
    refunded.refund(refund_id="r", amount_minor=1, refunded_on=TODAY)
    for not_here in (payment, refunded, failed_payment()):
        given(not_here).when(lambda p: reverse_payment(p, "x")).then_refused(PaymentNotReversible)


# ------------------------------------------------------------------------- accounts of a brand


def test_a_brand_names_accounts_of_its_own_that_can_be() -> None:
    iban = TransferAccount(number="DE89 3704 0044 0532 0130 00", currency="BRL")
    brand = Brand.configure(slug="ponto", settings=with_accounts([iban]))
    assert brand.settings.payment_methods[0].accounts == [iban]


@pytest.mark.parametrize(
    "accounts",
    [
        [TransferAccount(number="DE88 3704 0044 0532 0130 00", currency="BRL")],
        [TransferAccount(number="734816", currency="EUR")],
        [TransferAccount(number="000", currency="BRL")],
        [
            TransferAccount(number="73481-6", currency="BRL", bank_code="001"),
            TransferAccount(number="0734816", currency="BRL", bank_code="1"),
        ],
    ],
    ids=["wrong check digits", "currency not sold", "no number", "twice"],
)
def test_an_account_that_cannot_be_is_refused(accounts: list[TransferAccount]) -> None:
    with pytest.raises(TransferAccountInvalid):
        Brand.configure(slug="ponto", settings=with_accounts(accounts))


def test_only_a_bank_transfer_has_accounts() -> None:
    method = payment_method(
        kind="hosted_page", accounts=[TransferAccount(number="1", currency="BRL")]
    )
    with pytest.raises(TransferAccountInvalid):
        Brand.configure(slug="ponto", settings=brand_settings(payment_methods=[method]))


def with_accounts(accounts: list[TransferAccount]) -> Any:
    return brand_settings(payment_methods=[payment_method(accounts=accounts)])


@pytest.mark.parametrize(
    "number",
    # The examples of the IBAN registry (ISO 13616, SWIFT) of these countries.
    ["BR1800360305000010009795493C1", "PL61109010140000071219812874", "ES9121000418450200051332"],
)
def test_published_ibans_have_their_check_digits(number: str) -> None:
    assert is_iban(number)
    assert not is_iban(number[:2] + "00" + number[4:])
