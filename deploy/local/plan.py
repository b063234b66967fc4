"""What an installation consists of: the programs, in the order in which they are started."""

import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from deploy.local import nats, postgres
from deploy.local.cluster import Cluster, locate_cluster
from deploy.local.installation import Installation, inherited, nats_nodes
from deploy.local.keys import SERVICES
from deploy.local.ports import members_of
from deploy.local.probes import http_is_ready, nats_is_ready, postgres_is_ready
from deploy.local.programs import Program

SANDBOXES = ("gateway", "panel", "mail")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Foundations first, then per service its migration and the service itself."""

    foundations: tuple[Program, ...]
    sandboxes: tuple[Program, ...]
    services: tuple[Program, ...]

    def names(self) -> list[str]:
        """All programs in their order."""
        return [each.name for each in (*self.foundations, *self.sandboxes, *self.services)]


def whole_platform(installation: Installation) -> Plan:
    """Everything; the data directory of PostgreSQL and the configuration of NATS are made."""
    cluster = locate_cluster(installation.home, installation.secrets.installation)
    secrets = installation.secrets
    postgres.initialise(
        cluster, password=secrets.postgres_password, installation=secrets.installation
    )
    return Plan(
        foundations=(_postgres(installation, cluster), *_nats(installation)),
        sandboxes=tuple(_sandbox(installation, name) for name in SANDBOXES),
        services=tuple(
            _service(installation, service, member=member)
            for service in SERVICES
            for member in members_of(service, installation.ports)
        ),
    )


def migration_command(service: str) -> tuple[str, ...]:
    """Brings a service's database to its newest form."""
    return (sys.executable, "-m", "deploy.migrate", service)


def _postgres(installation: Installation, cluster: Cluster) -> Program:
    port = installation.ports["postgres"]
    password = installation.secrets.postgres_password
    url = installation.database_url("postgres", password=password, database="postgres")
    return Program(
        name="postgres",
        command=postgres.server_command(cluster, port=port),
        environment={"PATH": "/usr/bin:/bin"},
        is_ready=partial(postgres_is_ready, url),
        port=port,
        user=cluster.user,
        stop_signal=signal.SIGINT,
        leash_signal=signal.SIGINT,
        stop_within_s=30,
    )


def _nats(installation: Installation) -> tuple[Program, ...]:
    """One server; or a cluster, whose stores lie apart from the single server's."""
    ports, names = installation.ports, nats_nodes()
    passwords = installation.secrets.nats_passwords
    folder = installation.home.folder / "nats"
    server = f"faktura-{installation.secrets.installation}"
    if len(names) == 1:
        config = folder / "nats.conf"
        port = ports["nats"]
        nats.write_config(config, port=port, store=folder, passwords=passwords, name=server)
        return (_nats_server("nats", config, port=port, instance=server),)
    nodes = [nats.Node(f"{server}-{name}", ports[name], ports[f"{name}-route"]) for name in names]
    for name, node in zip(names, nodes, strict=True):
        config, store = folder / f"{name}.conf", folder / "cluster" / name
        nats.write_cluster_config(config, node, nodes=nodes, store=store, passwords=passwords)
    return tuple(
        _nats_server(name, folder / f"{name}.conf", port=node.port, instance=node.name)
        for name, node in zip(names, nodes, strict=True)
    )


def _nats_server(name: str, config: Path, *, port: int, instance: str) -> Program:
    return Program(
        name=name,
        command=(str(nats.binary()), "--config", str(config)),
        environment={"PATH": "/usr/bin:/bin"},
        is_ready=partial(nats_is_ready, port, instance),
        port=port,
        instance=instance,
    )


def _sandbox(installation: Installation, name: str) -> Program:
    port = installation.ports[name]
    return Program(
        name=name,
        command=(sys.executable, "-m", f"deploy.local.sandbox.{name}"),
        environment=_python(installation.sandbox_environment(name)),
        is_ready=partial(http_is_ready, port, installation.instance(name)),
        port=port,
        stop_within_s=5,
        instance=installation.instance(name),
    )


def _service(installation: Installation, service: str, *, member: str) -> Program:
    port = installation.ports[member]
    return Program(
        name=member,
        command=(sys.executable, "-m", f"services.{service}.app"),
        environment=_python(installation.service_environment(service, member=member)),
        is_ready=partial(http_is_ready, port, installation.instance(member)),
        port=port,
        service=service,
        instance=installation.instance(member),
    )


def _python(told: Mapping[str, str]) -> dict[str, str]:
    return inherited() | {"PYTHONUNBUFFERED": "1"} | dict(told)
