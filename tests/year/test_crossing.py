"""A thousand ways in which pay, cancel, webhook, refund and autopay cross: the money is right."""

from collections import Counter

import pytest

from tests.year.crossing import play_crossing

SEEDS = 1000
EACH = 50

pytestmark = pytest.mark.timeout(600)


@pytest.mark.parametrize("first", range(0, SEEDS, EACH))
def test_f53_f54_one_charge_is_booked_once(first: int) -> None:
    """With I1, I2 and I3 in the end; a seed that fails fails again."""
    happened: Counter[str] = Counter()
    for seed in range(first, first + EACH):
        try:
            happened += play_crossing(seed)
        except BaseException as error:
            error.add_note(f"seed {seed}")
            raise
    assert happened["PaymentReceived"] > EACH // 3
    assert happened["autopay succeeded"] and happened["autopay nothing_open"]
    assert happened["PaymentOutcomeUnknown"] and happened["PaymentRefunded"]
    assert happened["InvoiceCancelled"] or happened["OrderCancelled"]
