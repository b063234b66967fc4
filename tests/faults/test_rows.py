"""Every row of the fault model, and every attack on money, has a test that bears its number."""

import ast
import json
import re
from pathlib import Path

from tests.faults.report import FIGURES, PAGE, table_of

TESTS = Path(__file__).parents[1]
FAULTS = {f"f{number:02d}" for number in (*range(1, 60), *range(70, 75))}
ATTACKS = {f"a{number:02d}" for number in (*range(50, 68), 69)}
"""68 is a mail that opens a ticket: there is none."""
ROWS = FAULTS | ATTACKS
NAMED = re.compile(r"test_((?:[fa]\d\d_)+)")
NAMED_AT_THE_END = re.compile(r"test_.*?((?:_[FA]\d\d)+)")


def rows_of(name: str) -> set[str]:
    """The rows in a test's name: `test_f05_...`, `test_f01_f02_...`, or at its end `..._A06`."""
    found = NAMED.match(name) or NAMED_AT_THE_END.fullmatch(name)
    return set(found[1].strip("_").lower().split("_")) if found else set()


def rows_tested() -> set[str]:
    """The rows that some test bears in its name."""
    trees = (ast.parse(file.read_text()) for file in TESTS.rglob("test_*.py"))
    nodes = (node for tree in trees for node in ast.walk(tree))
    functions = (n for n in nodes if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    return set().union(*(rows_of(function.name) for function in functions))


def test_every_row_of_the_fault_model_has_a_test_by_its_number() -> None:
    assert ROWS - rows_tested() == set()


def test_a_name_may_bear_several_rows() -> None:
    assert rows_of("test_f01_f02_a_command") == {"f01", "f02"}
    assert rows_of("test_a_command_A06_F59") == {"a06", "f59"}
    assert rows_of("test_a_command_f01") == set()


def test_the_page_on_reliability_names_every_row_of_the_fault_model() -> None:
    shown = set(re.findall(r"\b[FA]\d\d\b", PAGE.read_text()))
    assert {row.upper() for row in ROWS} <= shown


def test_the_page_on_reliability_shows_the_figures_of_the_last_soak() -> None:
    figures = json.loads(FIGURES.read_text())
    assert table_of(figures) in PAGE.read_text()
    assert (figures["lost"], figures["duplicated_effects"]) == (0, 0)
