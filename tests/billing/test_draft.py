"""Drafts of invoices: changed, merged, split and issued, or given up."""

from uuid import UUID

import pytest

from services.billing.charges.billable_item import BillableItem, ItemIsClosed
from services.billing.drafts.draft import (
    MOST_LINES,
    DraftIsClosed,
    DraftIsEmpty,
    DraftLineUnknown,
    DraftsDiffer,
    DraftTooLong,
    InvoiceDraft,
)
from tests.billing.samples import (
    ACCOUNT,
    DUE,
    INVOICE,
    NEXT,
    TODAY,
    billable_item,
    draft_line,
    open_draft,
)
from tests.given import given, rebuilt


def test_lines_keep_their_order_when_one_is_changed() -> None:
    draft = (
        given(open_draft(draft_line(1), draft_line(2)))
        .when(lambda d: d.change_line(draft_line(1, net_minor=7)))
        .then((InvoiceDraft.LineChanged, {"line": draft_line(1, net_minor=7)}))
    )
    assert [line.net_minor for line in draft.lines.values()] == [7, 5000]


def test_the_same_line_again_changes_nothing() -> None:
    given(open_draft(draft_line())).when(lambda d: d.change_line(draft_line())).then_nothing()


@pytest.mark.parametrize("number", [2, 3])
def test_a_line_that_is_not_there_can_neither_change_nor_go(number: int) -> None:
    draft = open_draft(draft_line(1), draft_line(3))
    draft.remove_line(UUID(int=3))
    given(draft).when(lambda d: d.change_line(draft_line(number))).then_refused(DraftLineUnknown)
    given(draft).when(lambda d: d.remove_line(UUID(int=number))).then_refused(DraftLineUnknown)


def test_a_merged_draft_is_closed_and_its_lines_are_in_the_other() -> None:
    first, second = open_draft(draft_line(1)), open_draft(draft_line(2), id=NEXT)
    first.merge(second)
    assert list(rebuilt(first).lines) == [UUID(int=1), UUID(int=2)]
    assert rebuilt(second).status == "merged"
    given(second).when(lambda d: d.add_line(draft_line(3))).then_refused(DraftIsClosed)
    given(first).when(lambda d: d.merge(second)).then_refused(DraftIsClosed)


def test_drafts_of_two_accounts_or_currencies_are_not_merged() -> None:
    euros = InvoiceDraft.open(id=NEXT, account_id=ACCOUNT, brand="ponto", currency="EUR")
    foreign = InvoiceDraft.open(id=NEXT, account_id=INVOICE, brand="ponto", currency="BRL")
    for other in (euros, foreign, open_draft()):
        with pytest.raises(DraftsDiffer):
            open_draft().merge(other)


def test_a_split_moves_lines_into_a_draft_of_their_own() -> None:
    draft = open_draft(draft_line(1), draft_line(2))
    other = draft.split(line_ids=[UUID(int=2), UUID(int=2)], into_id=NEXT)
    assert (list(rebuilt(draft).lines), list(rebuilt(other).lines)) == (
        [UUID(int=1)],
        [UUID(int=2)],
    )
    assert (other.account_id, other.currency, other.status) == (ACCOUNT, "BRL", "open")


def test_a_draft_is_issued_once_and_never_empty() -> None:
    given(open_draft()).when(lambda d: d.issue(INVOICE)).then_refused(DraftIsEmpty)
    draft = open_draft(draft_line())
    assert draft.issue(INVOICE) == [draft_line()]
    given(draft).when(lambda d: d.issue(NEXT)).then_refused(DraftIsClosed)
    given(draft).when(lambda d: d.discard()).then_refused(DraftIsClosed)


def test_a_discarded_draft_stays_as_it_was() -> None:
    draft = open_draft(draft_line())
    draft.discard()
    given(draft).when(lambda d: d.remove_line(UUID(int=1))).then_refused(DraftIsClosed)
    given(draft).when(lambda d: d.discard()).then_refused(DraftIsClosed)


def test_a_draft_has_no_more_lines_than_an_event_can_hold() -> None:
    full = open_draft(*(draft_line(number) for number in range(1, MOST_LINES + 1)))
    given(full).when(lambda d: d.add_line(draft_line(999))).then_refused(DraftTooLong)
    other = open_draft(draft_line(999), id=NEXT)
    given(full).when(lambda d: d.merge(other)).then_refused(DraftTooLong)


def test_an_item_is_billed_or_withdrawn_once() -> None:
    billed, withdrawn = billable_item(), billable_item()
    billed.invoice(INVOICE)
    withdrawn.withdraw("agreed")
    for item in (billed, withdrawn):
        given(item).when(lambda i: i.invoice(NEXT)).then_refused(ItemIsClosed)
        given(item).when(lambda i: i.withdraw("again")).then_refused(ItemIsClosed)
        assert not item.is_due(TODAY)


def test_an_item_of_a_date_waits_for_its_day() -> None:
    item: BillableItem = billable_item(due="on_date", bill_on=DUE)
    assert (item.is_due(TODAY), item.is_due(DUE)) == (False, True)
    assert billable_item().is_due(TODAY)
