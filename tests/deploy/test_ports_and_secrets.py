"""Ports and secrets: chosen once, kept, and not for other eyes."""

import json
import socket
from base64 import b64decode
from pathlib import Path

import pytest

from deploy.local import keys, ports
from deploy.local.installation import Installation, inherited
from deploy.local.state import CannotRun, Home, sole_supervisor, supervisor_pid
from shared.tokens import Signer
from tests.deploy.toys import home_in, installation_in


def test_ports_are_kept_between_runs_while_they_are_free(tmp_path: Path) -> None:
    home = home_in(tmp_path)
    first = installation_in(home).ports
    assert installation_in(home).ports == first
    assert len(set(first.values())) == len(ports.PREFERRED)


def test_a_port_that_somebody_took_is_chosen_anew_and_the_others_stay(tmp_path: Path) -> None:
    home = home_in(tmp_path)
    first = installation_in(home).ports
    with socket.create_server(("127.0.0.1", first["billing"])):
        second = installation_in(home).ports
    assert second["billing"] != first["billing"]
    assert {**second, "billing": 0} == {**first, "billing": 0}


def test_installations_that_start_at_the_same_time_choose_different_ports(tmp_path: Path) -> None:
    homes = [home_in(tmp_path / name) for name in ("one", "other")]
    with ports.claimed_ports(homes[0]) as one, ports.claimed_ports(homes[1]) as other:
        assert not set(one.values()) & set(other.values())
    assert installation_in(homes[0]).ports == one


def test_each_process_of_a_service_has_ports_of_its_own_and_all_know_of_each_other(
    tmp_path: Path,
) -> None:
    home = home_in(tmp_path)
    installation = installation_in(home, processes=3)
    more = 2 * 2 * len(keys.SERVICES)
    assert len(set(installation.ports.values())) == len(ports.PREFERRED) + more
    assert ports.members_of("billing", installation.ports) == ["billing", "billing-2", "billing-3"]
    told = [
        installation.service_environment("billing", member=member)
        for member in ports.members_of("billing", installation.ports)
    ]
    of_its_own = {"FAKTURA_PORT", "FAKTURA_OPS_PORT", "FAKTURA_INSTANCE"}
    assert {name for name in told[0] if told[0][name] != told[2][name]} == of_its_own
    addresses = json.loads(told[0]["FAKTURA_PEERS"])["billing"]
    assert addresses == [f"http://127.0.0.1:{each['FAKTURA_PORT']}" for each in told]
    assert ports.members_of("portal", Installation.open(home).ports) == [
        "portal",
        "portal-2",
        "portal-3",
    ]
    assert ports.members_of("portal", installation_in(home).ports) == ["portal"]


def test_secrets_are_made_once_and_only_their_owner_may_read_them(tmp_path: Path) -> None:
    home = home_in(tmp_path)
    made = keys.secrets_of(home)
    assert keys.secrets_of(home) == made
    assert (home.folder / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert len(b64decode(made.master_key)) == 32


def test_each_issuer_signs_with_a_key_of_its_own_and_tells_only_the_public_half(
    tmp_path: Path,
) -> None:
    made = keys.secrets_of(home_in(tmp_path))
    assert len(set(made.signing_keys.values())) == len((*keys.SERVICES, keys.OPERATOR))
    public = json.loads(keys.public_key(made.signing_keys["operator"]))
    assert public["crv"] == "Ed25519"
    assert "d" not in public
    assert Signer("operator", json.loads(made.signing_keys["operator"])).jwks()["keys"]


def test_only_accounts_is_told_of_the_keyring_and_only_billing_of_the_gateways_key(
    tmp_path: Path,
) -> None:
    installation = installation_in(home_in(tmp_path))
    told = {service: installation.service_environment(service) for service in keys.SERVICES}
    assert [s for s in told if "FAKTURA_MASTER_KEY" in told[s]] == ["accounts"]
    assert [s for s in told if "FAKTURA_KEYRING_URL" in told[s]] == ["accounts"]
    assert [s for s in told if "FAKTURA_GATEWAY_KEY" in told[s]] == ["billing"]
    assert not any("FAKTURA_OWNER_DATABASE_URL" in environment for environment in told.values())


def test_services_reach_postgresql_and_nats_by_the_way_that_the_operator_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation = installation_in(home_in(tmp_path))
    monkeypatch.setenv("FAKTURA_POSTGRES_VIA", "127.0.0.1:6432")
    monkeypatch.setenv("FAKTURA_NATS_VIA", "127.0.0.1:6222")
    told = installation.migration_environment("accounts")
    assert "@127.0.0.1:6432/" in told["FAKTURA_DATABASE_URL"]
    assert "@127.0.0.1:6432/" in told["FAKTURA_KEYRING_URL"]
    assert told["FAKTURA_NATS_URL"] == "nats://127.0.0.1:6222"
    assert f"@127.0.0.1:{installation.ports['postgres']}/" in told["FAKTURA_OWNER_DATABASE_URL"]
    assert inherited()["FAKTURA_NATS_VIA"] == "127.0.0.1:6222"


def test_a_second_supervisor_is_refused_with_the_pid_of_the_first(tmp_path: Path) -> None:
    home = home_in(tmp_path)
    with (
        sole_supervisor(home),
        pytest.raises(CannotRun, match=rf"supervisor {supervisor_pid(home)}"),
        sole_supervisor(home),
    ):
        pass
    assert supervisor_pid(home) is None


def test_commands_on_an_installation_that_never_was_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match="faktura up"):
        Installation.open(Home(tmp_path / "none"))
