"""Crash points: the table equals the code, and an armed point is the last thing a process does."""

import ast
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from shared.crash import CRASH_POINTS

PROJECT = Path(__file__).parents[2]
PASS_ALL = (
    "from shared.crash import CRASH_POINTS, crash_point\n"
    "for point in CRASH_POINTS:\n"
    "    print(point, flush=True)\n"
    "    crash_point(point)\n"
)


def _passed(environment: dict[str, str]) -> tuple[int, list[str]]:
    """The exit status of a process that passes every point, and the points that it came to."""
    done = subprocess.run(
        [sys.executable, "-c", PASS_ALL],
        env={**os.environ, **environment},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout.split()


def calls_in(tree: ast.AST) -> list[str]:
    """The points that a module names, in order; a computed name is no name."""
    return [
        ast.unparse(node.args[0]).strip("'")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("crash_point")
    ]


@pytest.mark.parametrize("point", CRASH_POINTS)
def test_an_armed_point_is_the_last_thing_a_process_does(point: str) -> None:
    status, came_to = _passed({"CRASH_AT": point})
    assert status == -signal.SIGKILL
    assert came_to[-1] == point


def test_a_point_that_is_not_armed_does_nothing() -> None:
    assert _passed({}) == (0, list(CRASH_POINTS))


def test_with_a_file_the_process_dies_only_once(tmp_path: Path) -> None:
    armed = {"CRASH_AT": CRASH_POINTS[0], "CRASH_ONCE": str(tmp_path / "once")}
    assert _passed(armed)[0] == -signal.SIGKILL
    assert _passed(armed)[0] == 0


def test_an_order_is_for_one_service_and_is_carried_out_once(tmp_path: Path) -> None:
    (tmp_path / "billing.relay.after_publish").touch()
    orders = {"CRASH_ORDERS": str(tmp_path)}
    assert _passed({**orders, "FAKTURA_SERVICE": "tickets"})[0] == 0
    status, came_to = _passed({**orders, "FAKTURA_SERVICE": "billing"})
    assert (status, came_to[-1]) == (-signal.SIGKILL, "relay.after_publish")
    assert _passed({**orders, "FAKTURA_SERVICE": "billing"})[0] == 0


def test_every_point_of_the_code_stands_in_the_table_and_every_point_of_the_table_in_the_code() -> (
    None
):
    files = [f for top in ("shared", "services", "deploy") for f in (PROJECT / top).rglob("*.py")]
    passed = {point for file in files for point in calls_in(ast.parse(file.read_text()))}
    assert passed == set(CRASH_POINTS)


def test_a_point_without_a_name_is_seen_as_what_it_is() -> None:
    assert calls_in(ast.parse("crash.crash_point(name)\ncrash_point('a.b')")) == ["name", "a.b"]
