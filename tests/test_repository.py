"""The repository's own promises: locked packages, the commands, the records, no foreign words."""

import json
import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COMMANDS = ("up", "test", "check", "bench", "verify", "demo-reset")
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-uv.lock")
PEERS = ("bench/peers/tryton.lock", "bench/peers/django_ledger.lock")
"""Of environments of their own, which benchmarks make."""
RECORD_HEADINGS = ("## Context", "## Decision", "## Consequences", "## Alternatives")
RECORD_LINES = 60
COLUMNS = 100

PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==(\S+)(.*)", re.MULTILINE)

FOREIGN = {
    "a path of one machine": r"(?<![\w.}])/(?:work|root|home/\w+|Users/\w+)/",
    "a package registry's host": r"pypi\.org|pythonhosted\.org|registry\.npm|npmjs\.(?:org|com)",
    "a tracker's number": r"\b(?:issue|ticket|session)\s+#?\d+\b",
    "a maker's tool": r"(?i)\b(?:claud[e]|anthropi[c]|chatgp[t]|copilo[t])\b",
}
"""What a file must not name -> the pattern that finds it (none of which matches itself)."""

EXAMPLES = {
    "a path of one machine": "see /wor" + "k/main/x.py",
    "a package registry's host": "fetched from https://files." + "pythonhosted" + ".org/x",
    "a tracker's number": "as asked in issue" + " #2",
    "a maker's tool": "written with " + "Chat" + "GPT",
}


def _text_files() -> list[Path]:
    """What is or would be committed, but pictures and the licence."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    paths = [ROOT / line for line in listed.stdout.splitlines() if line != "LICENSE"]
    return [path for path in paths if path.is_file() and b"\0" not in path.read_bytes()[:1024]]


@pytest.mark.parametrize("what", FOREIGN)
def test_the_project_speaks_of_itself_alone(what: str) -> None:
    assert re.search(FOREIGN[what], EXAMPLES[what])
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in _text_files()
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if re.search(FOREIGN[what], line)
    ]
    assert not found, "\n".join(found)


def test_scripts_and_sql_have_at_most_100_columns() -> None:
    scripts = [p for p in _text_files() if p.suffix in {".sh", ".sql"} or p.name == "Makefile"]
    assert scripts
    assert not [
        f"{path.relative_to(ROOT)}:{number}"
        for path in scripts
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if len(line) > COLUMNS
    ]


# ------------------------------------------------------------------------ what is installed


def _lines(lock: str) -> list[tuple[str, str, str]]:
    """Name, version and the rest of each requirement."""
    return PIN.findall(lock.replace("\\\n", " "))


def _pins(lock: str) -> dict[str, str]:
    return {name.lower(): version for name, version, _ in _lines(lock)}


def _unhashed(lock: str) -> list[str]:
    """The packages whose files are not compared with a hash."""
    return [name for name, _, rest in _lines(lock) if "--hash=sha256:" not in rest]


def test_a_pin_without_hash_is_found() -> None:
    lock = "anyio==4.16.0 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11\nbabel==2.18.0\n"
    assert _unhashed(lock) == ["babel"]


@pytest.mark.parametrize("name", [*LOCKS, *PEERS])
def test_every_package_is_pinned_by_hash_and_by_no_host(name: str) -> None:
    lock = (ROOT / name).read_text()
    assert _pins(lock)
    assert not _unhashed(lock)
    assert "://" not in lock


def test_the_lock_files_are_those_of_pyproject() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    declared = {_name(text) for text in settings["project"]["dependencies"]}
    declared_dev = {_name(text) for text in settings["dependency-groups"]["dev"]}
    running, testing = ((ROOT / name).read_text() for name in LOCKS[:2])

    assert _asked_for(running, "(pyproject.toml)") == declared, "make lock"
    assert _asked_for(testing, "(pyproject.toml") == declared | declared_dev, "make lock"
    assert _pins(testing).items() >= _pins(running).items(), "tests run what runs in production"


def _name(requirement: str) -> str:
    """The package's name: `psycopg[binary]` is psycopg."""
    return re.split(r"[\[;<>=~! ]", requirement, maxsplit=1)[0].lower()


def _asked_for(lock: str, mark: str) -> set[str]:
    """The packages that pyproject.toml itself asks for, by the lock file's own annotation."""
    blocks = re.split(r"\n(?=\S)", lock)
    return {_name(block) for block in blocks if f"faktura {mark}" in block}


def test_uv_is_the_one_that_the_makefile_locks() -> None:
    version = _pins((ROOT / LOCKS[2]).read_text())["uv"]
    assert f"uv=={version}" in (ROOT / "Makefile").read_text()


def test_browser_assets_are_pinned_by_hash_and_by_no_host() -> None:
    package = json.loads((ROOT / "package.json").read_text())
    lock = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    root = lock.pop("")
    assert root["dependencies"] == package["dependencies"], "make lock"
    assert root["devDependencies"] == package["devDependencies"], "make lock"
    assert not [name for name, entry in lock.items() if "resolved" in entry]
    assert all(entry["integrity"].startswith("sha512-") for entry in lock.values())


# ------------------------------------------------------------------------ what a hand finds


def test_make_help_lists_the_commands() -> None:
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    listed = re.findall(r"^ {2}make (\S+) +\S", shown.stdout, re.MULTILINE)
    assert set(COMMANDS) <= {*listed}


def test_the_readme_begins_with_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text()
    assert re.search(r"^make up\b", readme, re.MULTILINE)
    assert re.search(r"^make test\b", readme, re.MULTILINE)


def test_a_link_in_the_documents_leads_somewhere() -> None:
    documents = [path for path in _text_files() if path.suffix == ".md"]
    broken = [
        f"{document.relative_to(ROOT)}: {target}"
        for document in documents
        for target in re.findall(r"\]\(([^)#]+)", document.read_text())
        if "://" not in target and not (document.parent / target).exists()
    ]
    assert not broken


def test_integration_runs_what_the_hand_runs() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    lines = script.read_text().splitlines()
    assert "set -euo pipefail" in lines
    assert [line for line in lines if line.startswith("make ")] == ["make check", "make test"]


def test_every_service_has_a_page_of_its_own() -> None:
    services = [path for path in (ROOT / "services").iterdir() if (path / "__init__.py").exists()]
    assert services
    assert not [path.name for path in services if not (path / "README.md").exists()]


def test_decision_records_are_numbered_and_complete() -> None:
    records = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    assert [int(path.name[:4]) for path in records] == [*range(1, len(records) + 1)]
    for path in records:
        text = path.read_text()
        assert [heading for heading in RECORD_HEADINGS if heading not in text] == [], path.name
        assert text.count("\n") <= RECORD_LINES, f"{path.name} is longer than a screen"
