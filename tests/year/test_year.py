"""A short year of a few accounts in every run of the tests; `make year` plays a whole one."""

import os
import subprocess
import sys
from datetime import date

import pytest

from tests.year.contracts import months_after
from tests.year.shop import SEASONS
from tests.year.year import Outcome, play_year

ACCOUNTS, DAYS = 24, 80

pytestmark = pytest.mark.timeout(900)
PUBLISHED = {
    "BillableItemAdded",
    "CreditApplied",
    "CreditNoteIssued",
    "InvoiceCancelled",
    "InvoiceWrittenOff",
    "OrderCancelled",
    "PaymentFailed",
    "PaymentPending",
    "ProvisioningFailed",
    "ServiceCancellationRequested",
    "ServiceCancellationWithdrawn",
    "ServiceChanged",
    "ServiceEnded",
    "ServiceRenewed",
    "ServiceSuspended",
    "ServiceUnsuspended",
    "SuspensionWarned",
}
"""What has to have happened somewhere, or the year is too quiet to show anything."""


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    return play_year(12, accounts=ACCOUNTS, days=DAYS)


def test_every_invariant_holds_on_every_day_of_a_short_year(outcome: Outcome) -> None:
    assert outcome.events > 20 * ACCOUNTS
    assert sum(season.day < DAYS for season in SEASONS) >= 3


def test_all_that_may_happen_happens_in_some_of_a_few_short_years(outcome: Outcome) -> None:
    """What is rare falls on other seeds with each consumer that takes a turn."""
    missing = PUBLISHED - outcome.counts.keys()
    for seed in range(2, 9):
        if missing:
            missing -= play_year(seed, accounts=36, days=90).counts.keys()
    assert not missing


def test_the_same_seed_is_the_same_log_event_for_event_and_another_is_another(
    outcome: Outcome,
) -> None:
    again = play_year(12, accounts=ACCOUNTS, days=DAYS)
    assert (again.digest, again.events) == (outcome.digest, outcome.events)
    assert play_year(2, accounts=3, days=3).digest != play_year(1, accounts=3, days=3).digest


def test_the_same_seed_is_the_same_log_however_a_process_orders_its_sets() -> None:
    """Python hashes texts anew in each process, unless it is told not to."""
    asked = ["--seed", "12", "--accounts", "8", "--days", "40"]
    assert _digest_of(asked, hashing="1") == _digest_of(asked, hashing="2")


def _digest_of(asked: list[str], *, hashing: str) -> str:
    process = subprocess.run(
        [sys.executable, "-m", "tests.year", *asked],
        env={**os.environ, "PYTHONHASHSEED": hashing},
        capture_output=True,
        text=True,
        check=True,
    )
    return next(line for line in process.stdout.splitlines() if line.startswith("log "))


def test_the_model_of_periods_knows_the_ends_of_months() -> None:
    anchors = [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)]
    assert [months_after(anchors[0], months, 31) for months in range(4)] == anchors
