"""The tools catch what the house bans: each is shown a violation that it must find."""

import subprocess
import sys
import tomllib
from pathlib import Path
from textwrap import dedent

import pytest

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent

VIOLATIONS = {
    "T201": ("services/billing/app.py", "print('paid')"),
    "TID251": ("services/billing/app.py", "import time\nNOW = time.time()"),
    "DTZ001": ("services/billing/app.py", "import datetime\nDAY = datetime.datetime(2026, 1, 1)"),
    "E501": ("shared/money.py", "TEXT = '" + "x" * 100 + "'"),
    "ERA001": ("shared/money.py", "# total = net + tax"),
    "S608": ("shared/store.py", "def read(a: str) -> str:\n    return f'select * from {a}'"),
    "S602": ("deploy/install.py", "import subprocess\nsubprocess.run('ls', shell=True)"),
    "TID252": ("shared/store.py", "from . import money"),
    "F401": ("shared/store.py", "import json"),
    "B006": ("shared/store.py", "def read(a: list[int] = []) -> None: ..."),
    "PLC0415": ("shared/store.py", "def read() -> None:\n    import json\n\n    json.dumps(1)"),
}


@pytest.mark.parametrize("code", VIOLATIONS)
def test_ruff_catches_the_violation(code: str) -> None:
    path, text = VIOLATIONS[code]
    options = ["--no-cache", "--output-format=concise", f"--stdin-filename={ROOT / path}"]
    found = subprocess.run(
        [str(BIN / "ruff"), "check", *options, "-"],
        input=text + "\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert code in found.stdout


def test_only_the_clock_and_the_ids_may_read_the_time() -> None:
    banned = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
    exempt = [path for path, codes in banned["per-file-ignores"].items() if "TID251" in codes]
    assert exempt == ["shared/{clock,ids}.py", "deploy/local/**", "bench/**"]


IMPORTS = {
    "Services meet only by public events and HTTP": {
        "services/billing/orders.py": "import services.accounts.users"
    },
    "The kernel knows no service and no way to run it": {
        "shared/clock.py": "import services.accounts"
    },
    "A service does not know how it is run": {
        "services/portal/pages.py": "import deploy.local.sandbox"
    },
    "A sandbox is another company's server: it knows no service": {
        "deploy/local/sandbox/panel.py": "import services.billing"
    },
    "The contracts know only how a personal field is marked": {
        "shared/contracts/billing.py": "import shared.store"
    },
    "The kernel's packages form no cycle": {
        "shared/a/one.py": "import shared.b.two",
        "shared/b/two.py": "import shared.a.three",
        "shared/a/three.py": "",
    },
}


@pytest.mark.parametrize("contract", IMPORTS)
def test_import_linter_catches_the_violation(contract: str, tmp_path: Path) -> None:
    settings = (ROOT / "pyproject.toml").read_text()
    (tmp_path / "pyproject.toml").write_text(settings)
    for module in _named_modules(settings):
        _write_module(tmp_path, module.replace(".", "/") + "/__init__.py", "")
    for path, text in IMPORTS[contract].items():
        _write_module(tmp_path, path, text)

    found = subprocess.run(
        [BIN / "lint-imports", "--no-logo", "--no-cache"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"{contract} BROKEN" in found.stdout, found.stdout + found.stderr


def _named_modules(settings: str) -> set[str]:
    """Every module that a contract names, and the service that the examples import."""
    linter = tomllib.loads(settings)["tool"]["importlinter"]
    lists = ("modules", "source_modules", "forbidden_modules", "ancestors")
    named = {m for contract in linter["contracts"] for key in lists for m in contract.get(key, ())}
    return {*named, *linter["root_packages"], "services.accounts.users"}


def _write_module(root: Path, path: str, text: str) -> None:
    """The file, and an empty package file in every folder above it."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    for folder in [*file.relative_to(root).parents][:-1]:
        (root / folder / "__init__.py").touch()
    file.write_text(dedent(text))
