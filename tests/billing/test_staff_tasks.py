"""Tasks for staff: found once however often it is found, done once, told to the brand alone."""

from functools import partial
from uuid import UUID

from services.billing.staff_tasks.commands import OpenTask, open_task
from services.billing.staff_tasks.staff_task import StaffTask, TaskIsDone
from shared.contracts.permissions import BILLING_READ
from shared.ids import new_id
from shared.store import Cause
from tests.billing.house import House, code_of
from tests.billing.samples import open_task as sample_task
from tests.given import given

FOUND = OpenTask(
    brand="ponto",
    kind="reconciliation_difference",
    key="2026-11-21",
    facts={"day": "2026-11-21"},
)


def test_a_task_is_done_once_and_says_what_was_done() -> None:
    finish = (StaffTask.Done, {"note": "No harm."})
    given(sample_task()).when(lambda t: t.finish("No harm.")).then(finish)
    done = sample_task()
    done.finish("No harm.")
    given(done).when(lambda t: t.finish("Again.")).then_refused(TaskIsDone)


def test_the_same_finding_of_a_brand_has_one_id() -> None:
    ids = {
        StaffTask.id_of(brand, "reconciliation_difference", key)
        for brand, key in (("ponto", "a"), ("ponto", "b"), ("sol", "a"), ("ponto", "a"))
    }
    assert len(ids) == 3


async def found(house: House, command: OpenTask = FOUND) -> UUID:
    task = await house.store.run(Cause(actor="automation:test"), partial(open_task, command))
    await house.catch_up()
    return task.id


async def test_what_is_found_again_is_asked_once_also_after_it_was_done(house: House) -> None:
    task_id = await found(house)
    assert await found(house) == task_id
    path = f"/v1/staff-tasks/{task_id}/done"
    await house.do("POST", path, {"note": "No harm."}, token=house.staff())
    assert await found(house) == task_id
    assert await house.names() == [
        name for name in await house.names() if name not in ("StaffTaskOpened", "StaffTaskDone")
    ] + ["StaffTaskOpened", "StaffTaskDone"]
    again = await house.ask("POST", path, {"note": "No harm."}, token=house.staff())
    assert code_of(again) == (409, "task_is_done")


async def test_staff_sees_what_waits_longest_first_and_who_did_what(house: House) -> None:
    ids = [
        str(await found(house, OpenTask(brand="ponto", kind="statement_unbalanced", key=key)))
        for key in ("a", "b", "c")
    ]
    token = house.staff()
    page = await house.do("GET", "/v1/brands/ponto/staff-tasks?limit=2", token=token)
    assert [each["task_id"] for each in page] == ids[:2]
    rest = await house.do("GET", f"/v1/brands/ponto/staff-tasks?after={ids[1]}", token=token)
    assert [each["key"] for each in rest] == ["c"]
    await house.do("POST", f"/v1/staff-tasks/{ids[0]}/done", {"note": "Seen."}, token=token)
    await house.catch_up()
    (done,) = await house.do("GET", "/v1/brands/ponto/staff-tasks?status=done", token=token)
    assert (done["task_id"], done["note"]) == (ids[0], "Seen.")
    assert done["done_by"].startswith("user:")
    one = await house.do("GET", f"/v1/staff-tasks/{ids[1]}", token=token)
    assert (one["status"], one["kind"], one["account_id"]) == ("open", "statement_unbalanced", None)


async def test_tasks_are_their_brands_alone_and_need_the_permission(house: House) -> None:
    task_id = await found(house)
    others = house.staff("sol")
    for method, path, body in (
        ("GET", f"/v1/staff-tasks/{task_id}", None),
        ("GET", "/v1/brands/ponto/staff-tasks", None),
        ("POST", f"/v1/staff-tasks/{task_id}/done", {"note": "x"}),
        ("GET", f"/v1/staff-tasks/{new_id()}", None),
    ):
        answer = await house.ask(method, path, body, token=others)
        assert code_of(answer) == (404, "not_found"), path
    reader = house.staff(may=[BILLING_READ])
    answer = await house.ask("POST", f"/v1/staff-tasks/{task_id}/done", {"note": "x"}, token=reader)
    assert code_of(answer) == (403, "forbidden")


async def test_the_books_and_views_hold_with_tasks_of_an_account(house: House) -> None:
    command = OpenTask(
        brand="ponto", kind="statement_unbalanced", key="of an account", account_id=house.ana
    )
    task_id = await found(house, command)
    task = await house.do("GET", f"/v1/staff-tasks/{task_id}", token=house.staff())
    assert task["account_id"] == str(house.ana)
    assert await house.findings() == []
