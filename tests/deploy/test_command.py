"""The `faktura` command where nothing runs, or too much: a line that says what to do, no trace."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.local.cli import app
from deploy.local.commands.logs import show_logs
from deploy.local.registry import sign_in_for, sign_ins
from deploy.local.state import CannotRun, Home, sole_supervisor
from tests.deploy.toys import home_in, installation_in

Faktura = Callable[..., int]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """The installation that the command finds."""
    home = home_in(tmp_path)
    monkeypatch.setenv("FAKTURA_HOME", str(home.folder))
    return home


@pytest.fixture
def faktura(home: Home) -> Faktura:
    """Runs the command and returns its exit status."""

    def run(*words: str) -> int:
        status: int = app(words, result_action="return_value", exit_on_error=False)
        return status

    return run


def test_status_says_that_nothing_runs(
    faktura: Faktura, capsys: pytest.CaptureFixture[str]
) -> None:
    assert faktura("status", "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert told == {"supervisor": None, "phase": "down", "ok": False, "processes": []}


def test_down_where_nothing_runs_is_no_error(faktura: Faktura) -> None:
    assert faktura("down") == 0


@pytest.mark.parametrize(
    "words", [("day", "advance", "3"), ("events", "list"), ("verify",), ("demo", "load")]
)
def test_a_command_that_needs_the_platform_says_how_to_start_it(
    faktura: Faktura, words: tuple[str, ...]
) -> None:
    with pytest.raises(CannotRun, match="faktura up"):
        faktura(*words)


@pytest.mark.parametrize("words", [("verify",), ("events", "tail"), ("demo", "load")])
def test_a_command_on_a_platform_that_is_down_names_the_silent_service(
    faktura: Faktura, home: Home, words: tuple[str, ...]
) -> None:
    installation_in(home)
    with pytest.raises(CannotRun, match="does not answer"):
        faktura(*words)


@pytest.mark.parametrize("words", [("up",), ("up", "--detach"), ("demo", "reset")])
def test_what_must_not_happen_twice_at_once_is_refused_while_a_supervisor_runs(
    faktura: Faktura, home: Home, words: tuple[str, ...]
) -> None:
    with sole_supervisor(home), pytest.raises(CannotRun, match="is running"):
        faktura(*words)


def test_a_flawed_brand_file_is_refused_before_anything_is_sent(
    faktura: Faktura, tmp_path: Path
) -> None:
    path = tmp_path / "brand.yaml"
    path.write_text("brand:\n  slug: Ponto\n")
    with pytest.raises(CannotRun, match=rf"{path}:2: brand.slug: "):
        faktura("brand", "apply", str(path))


def test_days_beyond_reason_are_refused(faktura: Faktura) -> None:
    with pytest.raises(CannotRun, match="Between 1 and"):
        faktura("day", "advance", "0")


def test_a_reset_takes_everything_away(faktura: Faktura, home: Home) -> None:
    installation_in(home)
    assert faktura("demo", "reset") == 0
    assert not home.folder.exists()


def test_logs_are_shown_readably_and_cannot_command_the_terminal(
    faktura: Faktura, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    record = {"timestamp": "2026-11-21T10:00:00.123456Z", "level": "warning", "event": "slow"}
    home.log("billing").write_text(f"{json.dumps(record)}\nplain \x1b[2J text\n")
    assert faktura("logs", "billing") == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.split() == ["billing", "10:00:00.123", "warning", "slow"]
    assert "\x1b" not in second


def test_a_log_that_is_not_there_is_answered_with_those_that_are(home: Home) -> None:
    home.log("billing").touch()
    with pytest.raises(CannotRun, match="There are: billing"):
        show_logs("bilingue")


def test_a_persons_password_is_made_once_and_kept_for_its_owner_only(home: Home) -> None:
    first = sign_in_for(home, role="staff", brand="ponto", name="Marina", email="m@x.example")
    renamed = sign_in_for(home, role="staff", brand="ponto", name="Mari", email="m@x.example")
    assert renamed.password == first.password
    assert sign_ins(home) == [renamed]
    assert len(first.password) >= 20
    assert (home.folder / "sign-ins.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("words", [("parked", "list"), ("parked", "retry", "x")])
def test_what_is_parked_is_asked_of_a_running_platform(
    faktura: Faktura, words: tuple[str, ...]
) -> None:
    with pytest.raises(CannotRun, match="faktura up"):
        faktura(*words)
