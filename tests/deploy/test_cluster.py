"""Where PostgreSQL lives: inside if its user can get there, else in a place apart."""

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.cluster import OUTSIDE, locate_cluster, remove_outside
from deploy.local.postgres import initialise, server_command
from deploy.local.state import CannotRun, Home
from tests.deploy.toys import home_in

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to step back for PostgreSQL")


@pytest.fixture
def secluded(tmp_path: Path) -> Iterator[Home]:
    """An installation below a folder that only its owner may pass."""
    tmp_path.chmod(0o700)
    home = home_in(tmp_path)
    yield home
    remove_outside(home)


@pytest.fixture
def reachable() -> Iterator[Home]:
    """An installation that everybody can reach."""
    with tempfile.TemporaryDirectory(dir=OUTSIDE) as folder:
        Path(folder).chmod(0o755)
        yield home_in(Path(folder))


def test_the_data_stay_inside_where_their_user_can_reach_them(reachable: Home) -> None:
    cluster = locate_cluster(reachable, "one")
    assert cluster.folder == reachable.folder / "postgres"
    assert stat.S_IMODE(cluster.folder.stat().st_mode) == 0o700


@as_root
def test_no_folder_above_is_opened_for_a_user_who_cannot_pass(secluded: Home) -> None:
    modes = {folder: folder.stat().st_mode for folder in secluded.folder.parents}
    cluster = locate_cluster(secluded, "one")
    assert cluster.folder.is_relative_to(OUTSIDE)
    assert cluster.user
    assert cluster.run([str(cluster.binaries / "postgres"), "--version"]).returncode == 0
    assert {folder: folder.stat().st_mode for folder in secluded.folder.parents} == modes
    assert locate_cluster(secluded, "one") == cluster


@as_root
def test_a_new_installation_in_the_place_of_an_old_one_removes_its_data(secluded: Home) -> None:
    old = locate_cluster(secluded, "old")
    new = locate_cluster(secluded, "new")
    assert not old.folder.exists()
    remove_outside(secluded)
    assert not new.folder.exists()


@as_root
def test_a_folder_apart_that_somebody_else_made_is_not_touched(secluded: Home) -> None:
    mine = locate_cluster(secluded, "one").folder.parent
    os.chown(mine, 65534, -1)
    with pytest.raises(CannotRun, match="belongs to somebody else"):
        locate_cluster(secluded, "one")
    os.chown(mine, 0, -1)


def test_data_whose_secrets_are_gone_are_refused_not_overwritten(reachable: Home) -> None:
    cluster = locate_cluster(reachable, "one")
    initialise(cluster, password="first", installation="one")
    with pytest.raises(CannotRun, match="secrets that are gone"):
        initialise(cluster, password="second", installation="two")


def test_data_that_were_left_half_made_are_made_anew(reachable: Home) -> None:
    cluster = locate_cluster(reachable, "one")
    cluster.data.mkdir()
    (cluster.data / "half").touch()
    initialise(cluster, password="first", installation="one")
    assert (cluster.data / "PG_VERSION").read_text() == "18\n"
    assert not (cluster.folder / "initdb-password").exists()


def test_the_server_listens_on_loopback_only_keeps_its_promises_and_logs_no_data(
    reachable: Home,
) -> None:
    cluster = locate_cluster(reachable, "one")
    command = " ".join(server_command(cluster, port=5432))
    for setting in (
        "listen_addresses=127.0.0.1",
        "fsync=on",
        "log_parameter_max_length=0",
        "log_error_verbosity=terse",
    ):
        assert f"-c {setting}" in command
