"""One installation: its folder, its ports, its secrets, and what each process is told of them."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass

from deploy.local.keys import OPERATOR, SERVICES, Secrets, public_key, secrets_of
from deploy.local.ports import LOOPBACK, OPS, known_ports, members_of
from deploy.local.state import CannotRun, Home

NATS_NODES = ("nats", "nats-2", "nats-3")
DOMAIN = "localhost"
"""Browsers take every name below it to this machine."""
OPERATORS = (
    "FAKTURA_LOG_LEVEL",
    "FAKTURA_OTLP_ENDPOINT",
    "FAKTURA_POSTGRES_VIA",
    "FAKTURA_NATS_VIA",
    "FAKTURA_NATS_NODES",
    "FAKTURA_CARD_ATTEMPTS_OF_ACCOUNT",
)
"""What an operator may set for the platform as a whole."""


@dataclass(frozen=True, kw_only=True)
class Installation:
    """What the parts of the local platform have to know of each other."""

    home: Home
    ports: Mapping[str, int]
    secrets: Secrets

    @classmethod
    def open(cls, home: Home) -> "Installation":
        """With the ports that the supervisor chose last. Raises `CannotRun` before there are any.

        Secrets are made if they are missing.
        """
        ports = known_ports(home)
        return cls(home=home, ports=ports, secrets=secrets_of(home))

    def url(self, name: str) -> str:
        """The base address of a service or a sandbox."""
        return f"http://{LOOPBACK}:{self.ports[name]}"

    def portal_url(self, brand: str) -> str:
        """The address of a brand's client area."""
        return f"http://{brand}.{DOMAIN}:{self.ports['portal']}"

    def database_url(self, role: str, *, password: str, database: str) -> str:
        """How a role reaches a database of the cluster, directly."""
        place = f"{LOOPBACK}:{self.ports['postgres']}"
        return f"postgresql://{role}:{password}@{place}/{database}"

    def way_to(self, name: str) -> str:
        """`host:port` where the services reach PostgreSQL or NATS.

        FAKTURA_POSTGRES_VIA and FAKTURA_NATS_VIA name a proxy or pooler in between.
        """
        return os.environ.get(f"FAKTURA_{name.upper()}_VIA", f"{LOOPBACK}:{self.ports[name]}")

    def _nats_url(self) -> str:
        """How the services reach NATS: the address of each node, joined by commas."""
        if "FAKTURA_NATS_VIA" in os.environ:
            return f"nats://{self.way_to('nats')}"
        return ",".join(f"nats://{LOOPBACK}:{self.ports[node]}" for node in nats_nodes())

    def service_database_url(self, service: str, *, database: str) -> str:
        """How a running service reaches one of its databases."""
        password = self.secrets.app_passwords[service]
        return f"postgresql://{service}_app:{password}@{self.way_to('postgres')}/{database}"

    def peers(self) -> dict[str, list[str]]:
        """The base addresses of each service's processes."""
        return {
            service: [self.url(member) for member in members_of(service, self.ports)]
            for service in SERVICES
        }

    def instance(self, name: str) -> str:
        """What the process `name` of this installation, and no other, calls itself."""
        return f"{self.secrets.installation}/{name}"

    def service_environment(self, service: str, *, member: str | None = None) -> dict[str, str]:
        """The FAKTURA_ variables of the process `member` of a service, by default of its first.

        Only accounts is told of the keyring.
        """
        secrets, member = self.secrets, member or service
        told = {
            "SERVICE": service,
            "INSTANCE": self.instance(member),
            "HOST": LOOPBACK,
            "PORT": str(self.ports[member]),
            "OPS_PORT": str(self.ports[f"{member}{OPS}"]),
            "DATA_FOLDER": str(self.home.folder),
            "DATABASE_URL": self.service_database_url(service, database=f"faktura_{service}"),
            "NATS_URL": self._nats_url(),
            "NATS_REPLICAS": str(len(nats_nodes())),
            "NATS_USER": service,
            "NATS_PASSWORD": secrets.nats_passwords[service],
            "SIGNING_KEY": secrets.signing_keys[service],
            "OPERATOR_JWK": public_key(secrets.signing_keys[OPERATOR]),
            "PEERS": json.dumps(self.peers()),
            "PORTAL_URL": self.portal_url("{brand}"),
            **self._of_the_outside_world(service),
        }
        if service == "accounts":
            told["KEYRING_URL"] = self.service_database_url(service, database="faktura_keyring")
            told["MASTER_KEY"] = secrets.master_key
        return _as_environment(told)

    def migration_environment(self, service: str) -> dict[str, str]:
        """What the migration of a service is told besides: the role that owns its tables."""
        owner = self.secrets.owner_passwords[service]
        told = {
            "OWNER_DATABASE_URL": self.database_url(
                f"{service}_owner", password=owner, database=f"faktura_{service}"
            ),
        }
        if service == "accounts":
            told["OWNER_KEYRING_URL"] = self.database_url(
                "accounts_owner", password=owner, database="faktura_keyring"
            )
        return self.service_environment(service) | _as_environment(told)

    def sandbox_environment(self, sandbox: str) -> dict[str, str]:
        """The SANDBOX_ variables of a sandbox."""
        secrets = self.secrets
        keys = {
            "gateway": (secrets.gateway_key, secrets.gateway_webhook_secret),
            "panel": (secrets.panel_key, secrets.panel_webhook_secret),
            "mail": ("", ""),
        }
        key, webhook_secret = keys[sandbox]
        return {
            "SANDBOX_INSTANCE": self.instance(sandbox),
            "SANDBOX_HOST": LOOPBACK,
            "SANDBOX_PORT": str(self.ports[sandbox]),
            "SANDBOX_SMTP_PORT": str(self.ports["smtp"]),
            "SANDBOX_PUBLIC_URL": self.url(sandbox),
            "SANDBOX_DATA": str(self.home.folder / "sandbox" / f"{sandbox}.sqlite"),
            "SANDBOX_KEY": key,
            "SANDBOX_WEBHOOK_SECRET": webhook_secret,
        }

    def _of_the_outside_world(self, service: str) -> dict[str, str]:
        """The gateway and the panel for billing, the mail server for notifications."""
        secrets = self.secrets
        gateway = {"GATEWAY_URL": self.url("gateway")}
        if service == "billing":
            return gateway | {
                "GATEWAY_KEY": secrets.gateway_key,
                "GATEWAY_WEBHOOK_SECRET": secrets.gateway_webhook_secret,
                "PANEL_URL": self.url("panel"),
                "PANEL_KEY": secrets.panel_key,
                "PANEL_WEBHOOK_SECRET": secrets.panel_webhook_secret,
                # Everybody on this machine shares one network, so its limits are wider here.
                "CARD_ATTEMPTS_FROM_NETWORK": "10000",
            }
        if service == "notifications":
            smtp = str(self.ports["smtp"])
            return {"SMTP_HOST": LOOPBACK, "SMTP_PORT": smtp, "MAIL_URL": self.url("mail")}
        if service == "accounts":
            # As above.
            return {"ATTEMPTS_PER_NETWORK": "200", "FREE_FAILURES_PER_NETWORK": "50"}
        return gateway if service == "portal" else {}


def nats_nodes() -> tuple[str, ...]:
    """The names of the NATS servers: one, or with FAKTURA_NATS_NODES=3 a cluster of three."""
    wish = os.environ.get("FAKTURA_NATS_NODES", "1")
    if wish not in ("1", str(len(NATS_NODES))):
        raise CannotRun(f"FAKTURA_NATS_NODES is 1 or {len(NATS_NODES)}, not {wish}.")
    return NATS_NODES[: int(wish)]


def inherited() -> dict[str, str]:
    """What a process inherits from the operator's environment: all but what would mislead it.

    What is in OPERATORS is the operator's to set.
    """
    ours = ("FAKTURA_", "SANDBOX_", "PG")
    kept = {name: text for name, text in os.environ.items() if not name.startswith(ours)}
    return kept | {name: os.environ[name] for name in OPERATORS if name in os.environ}


def _as_environment(told: Mapping[str, str]) -> dict[str, str]:
    return {f"FAKTURA_{name}": text for name, text in told.items()}
