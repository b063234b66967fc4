"""Examples in docstrings and in docs/algorithms are executed: what they show is what happens."""

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("shared", "services", "deploy")
PROMPT = ">" * 3

MODULES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for folder in FOLDERS
    for path in sorted((ROOT / folder).rglob("*.py"))
    if PROMPT in path.read_text()
]

DOCUMENTS = sorted((ROOT / "docs" / "algorithms").glob("*.md"))


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_of_the_module_hold(module: str) -> None:
    result = doctest.testmod(importlib.import_module(module), optionflags=doctest.ELLIPSIS)
    assert result.attempted
    assert not result.failed


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_the_examples_of_the_document_hold(path: Path) -> None:
    result = doctest.testfile(str(path), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert result.attempted
    assert not result.failed
