"""Return files of 400 columns: a header, a line for each occurrence, a trailer; by bank.

Source: the manuals of the banks that `layouts` names.
"""

from services.billing.cnab.layouts import (
    COLUMNS_400,
    DETAIL_TYPES_400,
    DETAILS_400,
    HEADER_400,
    REASON_DIGITS_400,
    RECEIVED_MAY_BE_NET,
    TRAILER_400,
    WRITTEN_ON_400,
)
from services.billing.cnab.occurrences import PAYMENTS, Occurrence, OccurrenceKind, kind_of
from services.billing.cnab.record import Record
from services.billing.cnab.tally import ReturnHeader, Tally, fingerprint

RETURN = "2"
TRAILER = "9"
OTHER_DETAILS = frozenset("234568")
"""Types of lines that share out a payment, name its PIX or its e-mail: nothing to settle by."""


def is_400(text: str) -> bool:
    """Whether a first line is the header of such a file."""
    return text[:1] == "0" and text[2:9] in {"RETORNO", "REMESSA"}


class Reader400:
    """Takes a file line by line, and remembers nothing but the last number."""

    def __init__(self, text: str, *, number: int, bank: str) -> None:
        record = Record(number, text.ljust(COLUMNS_400), HEADER_400)
        if record.text_of("direction") != RETURN:
            raise record.refused("direction", "no_return_file")
        self._bank = bank or record.text_of("bank")
        self._written_bank = record.number_of("bank")
        if self._bank not in DETAILS_400:
            raise record.refused("bank", "unknown_bank")
        self._layout = DETAILS_400[self._bank]
        self._detail_type = DETAIL_TYPES_400.get(self._bank, "1")
        self.tally = Tally()
        self.tally.count(text)
        self.is_over = False
        self._sequence = 1
        written_on = WRITTEN_ON_400.get(self._bank, HEADER_400["written_on"])
        dated = Record(number, record.text, {**HEADER_400, "written_on": written_on})
        self.header = ReturnHeader(
            identity=fingerprint(text.rstrip()),
            bank=self._bank,
            columns=COLUMNS_400,
            company=record.text_of("company"),
            written_on=dated.likely_day_of("written_on"),
            sequence="",
        )

    def take(self, text: str, *, number: int) -> Occurrence | None:
        """The occurrence of this line. Errors: ReturnFileInvalid."""
        self.tally.count(text)
        record = Record(number, text.ljust(COLUMNS_400), self._layout)
        kind = record.text_of("type")
        if kind not in {TRAILER, self._detail_type, *OTHER_DETAILS}:
            raise record.refused("type", "unknown")
        self._sequence += 1
        said = record.number_of("sequence")
        self.tally.compare(number, "sequence", said=said, read=self._sequence)
        self._sequence = said
        if kind == TRAILER:
            self._end(record)
        elif kind == self._detail_type:
            return self._occurrence(record)
        else:
            self.tally.passed_over += 1
        return None

    def _end(self, record: Record) -> None:
        said = Record(record.number, record.text, TRAILER_400).number_of("bank")
        self.tally.compare(record.number, "bank", said=said, read=self._written_bank)
        self.is_over = True

    def _occurrence(self, record: Record) -> Occurrence:
        self.tally.occurrences += 1
        code = record.text_of("code")
        if not code:
            raise record.refused("code", "missing")
        kind = kind_of(code, bank=self._bank, columns=COLUMNS_400)
        return Occurrence(
            line=record.number,
            identity=fingerprint(self.header.identity, record.text),
            fact=fingerprint(self._bank, record.text[: COLUMNS_400 - 6]),
            bank=self._bank,
            kind=kind,
            code=code,
            reasons=record.codes_of("reasons", width=REASON_DIGITS_400.get(self._bank, 2)),
            own_number=record.text_of("own_number"),
            wallet=record.text_of("wallet"),
            document=record.text_of("document"),
            company_use=record.text_of("company_use"),
            branch=record.text_of("branch"),
            account=record.text_of("account"),
            receiving_bank=record.text_of("receiving_bank"),
            receiving_branch=record.text_of("receiving_branch"),
            due_on=record.day_of("due_on"),
            occurred_on=record.day_of("occurred_on"),
            credited_on=record.day_of("credited_on"),
            amount_minor=record.number_of("amount"),
            paid_minor=self._paid_minor(record, kind),
            received_minor=record.number_of("received"),
            credited_minor=record.number_of("credited"),
            fee_minor=record.number_of("fee"),
            interest_minor=record.number_of("interest"),
            fine_minor=record.number_of("fine"),
            discount_minor=record.number_of("discount"),
            rebate_minor=record.number_of("rebate"),
            tax_minor=record.number_of("tax"),
            other_expenses_minor=record.number_of("other_expenses"),
            other_credits_minor=record.number_of("other_credits"),
        )

    def _paid_minor(self, record: Record, kind: OccurrenceKind) -> int:
        """What the payer paid: what was received, or what it is before the bank took its fee.

        Some banks give what they credited, from which some contracts let them take the fee first.
        Where the fee is just what is missing to what was owed, that was paid; else nothing is
        added to what came.
        """
        received = record.number_of("received")
        if kind not in PAYMENTS:
            return 0
        if self._bank not in RECEIVED_MAY_BE_NET:
            return received
        owed = record.number_of("amount") + record.number_of("interest")
        owed -= record.number_of("rebate") + record.number_of("discount")
        is_net = received + record.number_of("fee") == owed
        return owed if is_net else received
