"""One NATS server, or with FAKTURA_NATS_NODES=3 a cluster of three."""

import json
from pathlib import Path

import pytest

from deploy.local import plan
from deploy.local.installation import Installation
from deploy.local.state import CannotRun
from tests.deploy.toys import home_in, installation_in


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return installation_in(home_in(tmp_path))


def test_without_a_wish_there_is_one_server_and_one_replica(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FAKTURA_NATS_NODES", raising=False)
    told = installation.service_environment("billing")
    assert [program.name for program in plan._nats(installation)] == ["nats"]
    assert told["FAKTURA_NATS_URL"] == f"nats://127.0.0.1:{installation.ports['nats']}"
    assert told["FAKTURA_NATS_REPLICAS"] == "1"


def test_three_nodes_know_each_other_and_the_services_know_all_three(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKTURA_NATS_NODES", "3")
    told = installation.service_environment("billing")
    programs = plan._nats(installation)
    assert told["FAKTURA_NATS_URL"].split(",") == [
        f"nats://127.0.0.1:{program.port}" for program in programs
    ]
    assert told["FAKTURA_NATS_REPLICAS"] == "3"
    configs = [json.loads(Path(program.command[-1]).read_text()) for program in programs]
    assert len({config["server_name"] for config in configs}) == len(programs)
    assert len({config["jetstream"]["store_dir"] for config in configs}) == len(programs)
    listening = {config["cluster"]["listen"] for config in configs}
    for config in configs:
        routes = {route.rpartition("@")[2] for route in config["cluster"]["routes"]}
        assert routes == listening - {config["cluster"]["listen"]}


def test_any_other_number_of_nodes_is_refused(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKTURA_NATS_NODES", "2")
    with pytest.raises(CannotRun, match="FAKTURA_NATS_NODES is 1 or 3"):
        plan._nats(installation)
