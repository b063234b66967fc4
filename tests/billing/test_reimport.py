"""Statements that come again, overlap, race and die: each entry is kept once and decided once."""

import asyncio
import random
from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given as any_of
from hypothesis import settings
from hypothesis import strategies as st

from services.billing.bank_statements.bank_file import read_bank_file
from services.billing.bank_statements.statement import StatementEntry
from services.billing.bank_transfers.kept import NewEntry
from tests.billing.banking import credit, entries, open_bank, owed, send, statement, work_off
from tests.billing.house import House

DAY = date(2026, 11, 20)


def of_day(day: int, count: int) -> list[StatementEntry]:
    """The entries of a day; some of them equal, as banks have them, without a reference."""
    on = DAY - timedelta(days=day)
    return [credit(100 + n // 2, f"pagamento {n // 2}", on=on) for n in range(count)]


def ids_of(content: bytes) -> list[UUID]:
    found = read_bank_file([content]).entries
    return [
        NewEntry(method="transfer", account="a", source="s", entry=each).id_of("ponto")
        for each in found
    ]


@any_of(
    st.lists(st.integers(0, 5), min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=8),
)
@settings(max_examples=60)
def test_files_that_end_with_whole_days_add_each_entry_once_in_any_order(
    counts: list[int], spans: list[tuple[int, int]]
) -> None:
    """What all files together bring is what one file over all days brings."""
    days = [of_day(day, count) for day, count in enumerate(counts)]
    kept: set[UUID] = set()
    covered: set[int] = set()
    for one, other in spans:
        first, last = sorted((one, other))
        chosen = [day for day in range(first, last + 1) if day < len(days)]
        covered |= set(chosen)
        kept |= set(ids_of(statement(*(each for day in chosen for each in days[day]))))
    whole = [each for day in sorted(covered) for each in days[day]]
    assert kept == set(ids_of(statement(*whole)))
    assert len(kept) == len(whole)


@any_of(st.integers(1, 12), st.randoms(use_true_random=False))
def test_a_file_with_its_lines_in_another_order_is_the_same_entries(
    count: int, chance: random.Random
) -> None:
    lines = of_day(0, count)
    shuffled = list(lines)
    chance.shuffle(shuffled)
    assert set(ids_of(statement(*lines))) == set(ids_of(statement(*shuffled)))


def test_two_brands_with_one_bank_account_have_entries_of_their_own() -> None:
    (each,) = read_bank_file([statement(*of_day(0, 1))]).entries
    new = NewEntry(method="transfer", account="a", source="s", entry=each)
    assert new.id_of("ponto") != new.id_of("sol")


@pytest.mark.parametrize("seed", range(3))
async def test_f51_overlapping_files_in_any_order_and_at_once_pay_each_invoice_once(
    house: House, seed: int
) -> None:
    await open_bank(house)
    chance, today = random.Random(seed), await house.today()
    invoices = [await owed(house, house.ana, domain=f"d{n}.example") for n in range(4)]
    lines = [
        credit(2990, invoice["number"], on=today - timedelta(days=n), bank_reference=f"R{n}")
        for n, invoice in enumerate(invoices)
    ]
    files = [statement(*lines[first:last]) for first in range(4) for last in range(first + 1, 5)]
    sent = [*files, *chance.choices(files, k=6)]
    chance.shuffle(sent)
    for start in range(0, len(sent), 4):
        await asyncio.gather(*(send(house, content) for content in sent[start : start + 4]))
        if chance.random() < 0.5:
            await asyncio.gather(*(work_off(house) for _ in range(2)))
    await work_off(house)
    assert len(await entries(house, "allocated")) == 4
    assert (await house.names(house.ana)).count("PaymentReceived") == 4
    assert {i["status"] for i in await house.invoices(house.ana)} == {"paid"}
    assert await house.findings() == []


async def test_f58_a_run_that_dies_before_its_commit_is_finished_by_the_next(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await open_bank(house)
    today = await house.today()
    invoices = [await owed(house, house.ana, domain=f"d{n}.example") for n in range(3)]
    lines = [
        credit(2990, invoice["number"], on=today, bank_reference=f"R{n}")
        for n, invoice in enumerate(invoices)
    ]
    await send(house, statement(*lines))
    with monkeypatch.context() as patched:
        patched.setattr("shared.store.crash_point", dies_at("command.before_commit"))
        with pytest.raises(Died):
            await work_off(house)
    assert "PaymentReceived" not in await house.names(house.ana)
    assert await work_off(house) == 3
    assert (await house.names(house.ana)).count("PaymentReceived") == 3
    assert await work_off(house) == 0
    assert await house.findings() == []


class Died(BaseException):
    """The process is gone."""


def dies_at(point: str) -> Callable[[str], None]:
    def die(name: str) -> None:
        if name == point:
            raise Died

    return die


async def test_f53_a_transfer_for_an_invoice_that_is_cancelled_meanwhile_is_not_lost(
    house: House,
) -> None:
    await open_bank(house)
    invoice, today = await owed(house, house.ana), await house.today()
    await send(house, statement(credit(2990, invoice["number"], on=today)))
    void = f"/v1/invoices/{invoice['invoice_id']}/cancel"
    await asyncio.gather(
        house.ask("POST", void, {"reason": "x"}, token=house.staff()),
        work_off(house),
    )
    await work_off(house)
    status = (await house.invoice(house.ana, invoice["invoice_id"]))["status"]
    left = {"paid": "allocated", "cancelled": "open"}[status]
    assert len(await entries(house, left)) == 1
    assert await house.findings() == []


async def test_a_transfer_that_comes_twice_pays_once_and_the_second_is_for_staff(
    house: House,
) -> None:
    await open_bank(house)
    invoice, today = await owed(house, house.ana), await house.today()
    await send(
        house,
        statement(
            credit(2990, invoice["number"], on=today, bank_reference="1"),
            credit(2990, invoice["number"], on=today, bank_reference="2"),
        ),
    )
    assert await work_off(house) == 2
    assert len(await entries(house, "allocated")) == 1
    (left,) = await entries(house)
    assert "already_settled" in {r for each in left["readings"] for r in each["reasons"]} | set(
        left["reasons"]
    )
    assert await house.findings() == []
