"""Whatever is done with the drafts of an account: no line is lost and none is there twice."""

from typing import Any
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from services.billing.drafts.draft import DraftLine, InvoiceDraft
from shared.errors import DomainError
from tests.billing.samples import INVOICE, draft_line, open_draft
from tests.given import rebuilt

NUMBERS = st.integers(min_value=1, max_value=6)


class Drafts(RuleBasedStateMachine):
    """Some drafts beside a plain set of the lines that there must be."""

    drafts: Bundle[InvoiceDraft] = Bundle("drafts")

    @initialize()
    def begin(self) -> None:
        self.known: list[InvoiceDraft] = []
        self.wanted: dict[UUID, DraftLine] = {}
        self.issued: dict[UUID, DraftLine] = {}
        self.last = 100

    def _new_id(self) -> UUID:
        self.last += 1
        return UUID(int=self.last)

    @rule(target=drafts)
    def open(self) -> InvoiceDraft:
        self.known.append(open_draft(id=self._new_id()))
        return self.known[-1]

    @rule(draft=drafts, minor=st.integers(min_value=-100, max_value=100))
    def add(self, draft: InvoiceDraft, minor: int) -> None:
        line = draft_line(self._new_id().int, net_minor=minor)
        if done(lambda: draft.add_line(line)):
            self.wanted[line.line_id] = line

    @rule(draft=drafts, place=NUMBERS, minor=st.integers(min_value=-100, max_value=100))
    def change(self, draft: InvoiceDraft, place: int, minor: int) -> None:
        line_id = [*draft.lines, UUID(int=0)][:place][-1]
        line = draft_line(line_id.int, net_minor=minor)
        if done(lambda: draft.change_line(line)):
            self.wanted[line_id] = line

    @rule(draft=drafts, place=NUMBERS)
    def remove(self, draft: InvoiceDraft, place: int) -> None:
        line_id = [*draft.lines, UUID(int=0)][:place][-1]
        if done(lambda: draft.remove_line(line_id)):
            del self.wanted[line_id]

    @rule(draft=drafts, other=drafts)
    def merge(self, draft: InvoiceDraft, other: InvoiceDraft) -> None:
        done(lambda: draft.merge(other))

    @rule(target=drafts, draft=drafts, count=NUMBERS)
    def split(self, draft: InvoiceDraft, count: int) -> InvoiceDraft:
        split: list[InvoiceDraft] = []
        line_ids = list(draft.lines)[:count]
        into_id = self._new_id()
        done(lambda: split.append(draft.split(line_ids=line_ids, into_id=into_id)))
        self.known += split
        return split[0] if split else draft

    @rule(draft=drafts)
    def discard(self, draft: InvoiceDraft) -> None:
        if done(draft.discard):
            for line_id in draft.lines:
                del self.wanted[line_id]

    @rule(draft=drafts)
    def issue(self, draft: InvoiceDraft) -> None:
        lines: list[DraftLine] = []
        if done(lambda: lines.extend(draft.issue(INVOICE))):
            self.issued |= {line.line_id: self.wanted.pop(line.line_id) for line in lines}
            assert [self.issued[line.line_id] for line in lines] == lines

    @invariant()
    def every_line_is_in_one_open_draft(self) -> None:
        there = [
            line for each in self.known if each.status == "open" for line in each.lines.values()
        ]
        assert {line.line_id: line for line in there} == self.wanted
        assert len(there) == len(self.wanted)

    def teardown(self) -> None:
        for each in self.known:
            again = rebuilt(each)
            live, replayed = dict(vars(each)), dict(vars(again))
            del live["_pending_events"], replayed["_pending_events"]
            assert live == replayed


def done(work: Any) -> bool:
    """Whether it was allowed."""
    try:
        work()
    except DomainError:
        return False
    return True


Drafts.TestCase.settings = settings(max_examples=1000, stateful_step_count=15, deadline=None)
TestDraftMachine = Drafts.TestCase
