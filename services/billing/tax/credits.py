"""What a credit note says: the figures of the invoice's parts with the other sign, none new."""

from collections.abc import Sequence
from fractions import Fraction

from services.billing.tax.taxation import TaxAmount, Taxed, TaxedPart
from shared.money import round_half_up


def credit_note(parts: Sequence[TaxedPart]) -> Taxed:
    """These parts of an invoice undone. All parts together undo its tax to the last minor unit.

    >>> amount = TaxedPart(net_minor=844)
    >>> credit_note([amount]).net_minor
    -844
    """
    return Taxed(parts=tuple(_negative(part) for part in parts))


def slice_of(part: TaxedPart, *, since_minor: int, until_minor: int) -> TaxedPart:
    """What is credited of a part when its credited net amount grows from `since` to `until`.

    In minor units of the net amount, both between nothing and the whole. Slices that follow one
    another sum to the part, tax included, however it is cut.

    >>> slice_of(TaxedPart(net_minor=844), since_minor=100, until_minor=844).net_minor
    744
    """
    ends = (0, part.net_minor)
    assert min(ends) <= min(since_minor, until_minor), "no more is credited than was invoiced"
    assert max(since_minor, until_minor) <= max(ends), "no more is credited than was invoiced"
    whole = part.net_minor or 1

    def cut(minor: int) -> int:
        until = round_half_up(Fraction(minor * until_minor, whole))
        return until - round_half_up(Fraction(minor * since_minor, whole))

    return TaxedPart(
        net_minor=until_minor - since_minor,
        taxes=tuple(
            TaxAmount(
                tax=amount.tax,
                taxable_minor=cut(amount.taxable_minor),
                tax_minor=cut(amount.tax_minor),
            )
            for amount in part.taxes
        ),
    )


def _negative(part: TaxedPart) -> TaxedPart:
    return TaxedPart(
        net_minor=-part.net_minor,
        taxes=tuple(
            TaxAmount(
                tax=amount.tax,
                taxable_minor=-amount.taxable_minor,
                tax_minor=-amount.tax_minor,
            )
            for amount in part.taxes
        ),
    )
