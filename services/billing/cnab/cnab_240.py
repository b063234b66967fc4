"""Return files of 240 columns: a header, batches of segments T and U, a trailer.

Source: FEBRABAN, Layout Padrão CNAB 240, cobrança. Segment T says which boleto, the segment U
behind it how much; every other segment is passed over.
"""

import re

from services.billing.cnab.layouts import (
    BATCH_240,
    COLUMNS_240,
    HEADER_240,
    SEGMENT_T,
    SEGMENT_U,
    SEGMENTS_T,
    TRAILER_240,
)
from services.billing.cnab.occurrences import PAYMENTS, Occurrence, kind_of
from services.billing.cnab.record import Record
from services.billing.cnab.tally import ReturnHeader, Tally, fingerprint

HEADER = re.compile(r"[0-9]{3}00000")
COLLECTION_SERVICE = "01"
REMITTANCE = "R"
REMITTANCE_SEGMENTS = frozenset("PQRS")


def is_240(text: str) -> bool:
    """Whether a first line is the header of such a file: bank, batch 0000, type 0."""
    return bool(HEADER.match(text))


class Reader240:
    """Takes a file line by line. It remembers the open batch and one segment T, nothing more."""

    def __init__(self, text: str, *, number: int, bank: str) -> None:
        record = self._record(text, number)
        self.tally = Tally()
        self.tally.count(text)
        self.is_over = False
        self._written_bank = record.text_of("bank")
        self._bank = bank or self._written_bank
        self._segment_t: Record | None = None
        self._batch = ""
        self._batch_lines = 0
        self._is_collection = True
        self._sequence = 0
        self.header = ReturnHeader(
            identity=fingerprint(text.rstrip()),
            bank=self._bank,
            columns=COLUMNS_240,
            company=record.text_of("company"),
            written_on=record.likely_day_of("written_on"),
            sequence=record.text_of("sequence"),
        )

    def take(self, text: str, *, number: int) -> Occurrence | None:
        """The occurrence that this line completes. Errors: ReturnFileInvalid."""
        self.tally.count(text)
        record = self._record(text, number)
        if record.text_of("bank") != self._written_bank:
            raise record.refused("bank", "other_bank")
        self._batch_lines += 1
        match record.text_of("type"):
            case "1":
                self._begin_batch(record)
            case "3":
                return self._detail(record)
            case "5":
                self._end_batch(record)
            case "9":
                self._end(record)
            case "2" | "4":
                self.tally.passed_over += 1
            case _:
                raise record.refused("type", "unknown")
        return None

    def _record(self, text: str, number: int) -> Record:
        return Record(number, text.ljust(COLUMNS_240), HEADER_240)

    def _begin_batch(self, record: Record) -> None:
        self._expect_no_segment_t(record)
        batch = Record(record.number, record.text, BATCH_240)
        if batch.text_of("operation") == REMITTANCE:
            raise batch.refused("operation", "no_return_file")
        self._batch = batch.text_of("batch")
        self._is_collection = batch.text_of("service") == COLLECTION_SERVICE
        self._batch_lines = 1
        self._sequence = 0

    def _detail(self, record: Record) -> Occurrence | None:
        segment = Record(record.number, record.text, SEGMENTS_T.get(self._bank, SEGMENT_T))
        if self._batch != segment.text_of("batch"):
            # Some files leave a batch's header out; its details are as good as any.
            self.tally.compare(record.number, "batch_header", said=0, read=1)
            self._batch = segment.text_of("batch")
        self._sequence += 1
        said = segment.number_of("sequence")
        self.tally.compare(record.number, "sequence", said=said, read=self._sequence)
        self._sequence = said
        letter = segment.text_of("segment")
        if letter in REMITTANCE_SEGMENTS:
            raise segment.refused("segment", "no_return_file")
        if letter == "T" and self._is_collection:
            self._expect_no_segment_t(record)
            self._segment_t = segment
            return None
        if letter == "U" and self._is_collection:
            return self._occurrence(Record(record.number, record.text, SEGMENT_U))
        self.tally.passed_over += 1
        return None

    def _expect_no_segment_t(self, record: Record) -> None:
        if self._segment_t is not None:
            raise record.refused("type", "segment_t_without_u")

    def _occurrence(self, u: Record) -> Occurrence:
        t, self._segment_t = self._segment_t, None
        if t is None:
            raise u.refused("segment", "segment_u_without_t")
        if t.text_of("code") != u.text_of("code"):
            raise u.refused("code", "other_code_than_segment_t")
        self.tally.occurrences += 1
        kind = kind_of(t.text_of("code"), bank=self._bank, columns=COLUMNS_240)
        received = u.number_of("received")
        return Occurrence(
            line=t.number,
            identity=fingerprint(self.header.identity, t.text, u.text),
            fact=fingerprint(self._bank, t.text[13:], u.text[13:]),
            bank=self._bank,
            kind=kind,
            code=t.text_of("code"),
            reasons=t.codes_of("reasons", width=2),
            own_number=t.text_of("own_number"),
            wallet=t.text_of("wallet"),
            document=t.text_of("document"),
            company_use=t.text_of("company_use"),
            branch=t.text_of("branch"),
            account=t.text_of("account"),
            receiving_bank=t.text_of("receiving_bank"),
            receiving_branch=t.text_of("receiving_branch"),
            due_on=t.day_of("due_on"),
            occurred_on=u.day_of("occurred_on"),
            credited_on=u.day_of("credited_on"),
            amount_minor=t.number_of("amount"),
            paid_minor=received if kind in PAYMENTS else 0,
            received_minor=received,
            credited_minor=u.number_of("credited"),
            fee_minor=t.number_of("fee"),
            interest_minor=u.number_of("interest"),
            fine_minor=0,
            discount_minor=u.number_of("discount"),
            rebate_minor=u.number_of("rebate"),
            tax_minor=u.number_of("tax"),
            other_expenses_minor=u.number_of("other_expenses"),
            other_credits_minor=u.number_of("other_credits"),
        )

    def _end_batch(self, record: Record) -> None:
        self._expect_no_segment_t(record)
        said = Record(record.number, record.text, BATCH_240).number_of("records")
        details = self._batch_lines - 2  # Santander counts these alone
        if said != details:
            self.tally.compare(record.number, "records", said=said, read=self._batch_lines)
        self._batch, self._batch_lines = "", 0

    def _end(self, record: Record) -> None:
        self._expect_no_segment_t(record)
        said = Record(record.number, record.text, TRAILER_240).number_of("records")
        self.tally.compare(record.number, "records", said=said, read=self.tally.lines)
        self.is_over = True
