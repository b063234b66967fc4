"""What a credit note takes back of each line, so that it covers a refund of so much.

The refund is shared over what is left of the lines in proportion, so that no line is taken back
whole before all are. A note cannot always be cut to the last minor unit, as its tax is rounded: it
takes back what is refunded or the little more that it must, which stays the account's credit.
Amounts in minor units; those of lines as priced.
"""

from collections.abc import Iterable, Mapping, Sequence

from services.billing.credit_notes.credited import credited
from services.billing.invoices.lines import CreditedLine, InvoiceDetails, InvoiceLine

Amounts = Mapping[int, int]
"""Place of a line -> what is taken back of it as priced."""


def amounts_covering(
    refund_minor: int,
    lines: Sequence[InvoiceLine],
    *,
    details: InvoiceDetails,
    earlier: Iterable[CreditedLine],
) -> Amounts | None:
    """The amounts of a note over at least `refund_minor`; None: all that is left is taken back.

    `NothingToCredit` where nothing is left of the invoice.
    """
    taken = list(earlier)
    whole = credited(lines, details, earlier=taken, wanted=None)
    if refund_minor >= whole.total_minor:
        return None
    rests = {line.place: line.amount_minor for line in whole.lines}
    rest_minor = sum(rests.values())

    def covers(minor: int) -> bool:
        wanted = shares_of(minor, rests)
        note = credited(lines, details, earlier=taken, wanted=wanted) if wanted else None
        return note is not None and note.total_minor >= refund_minor

    lowest, highest = 1, rest_minor
    while lowest < highest:
        middle = (lowest + highest) // 2
        lowest, highest = (lowest, middle) if covers(middle) else (middle + 1, highest)
    return shares_of(lowest, rests)


def shares_of(minor: int, rests: Mapping[int, int]) -> dict[int, int]:
    """`minor` shared over the rests in proportion; the shares sum to it, none is beyond its rest.

    >>> shares_of(100, {0: 200, 1: 100})
    {0: 66, 1: 34}
    """
    whole, passed, shared = sum(rests.values()), 0, 0
    shares = {}
    for place, rest in rests.items():
        passed += rest
        until = minor * passed // whole
        shares[place] = until - shared
        shared = until
    return {place: share for place, share in shares.items() if share}
