"""Prints the settings of a new container platform, with fresh secrets, in the form of .env.example.

    python -m deploy.compose.new_env > deploy/compose/.env

Run it once: the databases and the keys of personal data keep the secrets that they began with.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.local.keys import OPERATOR, new_password, public_key, secrets_of
from deploy.local.state import Home

PORTAL_URL = "http://{brand}.localhost:7100"
PORTAL_HOSTS = '["*.localhost", "portal", "127.0.0.1"]'


def new_settings() -> dict[str, str]:
    """Every variable that docker-compose.yml asks for, with secrets as the local platform's."""
    with TemporaryDirectory() as folder:
        made = secrets_of(Home(Path(folder)))
    return {
        "PORTAL_URL": PORTAL_URL,
        "PORTAL_HOSTS": PORTAL_HOSTS,
        "POSTGRES_PASSWORD": made.postgres_password,
        **_each("OWNER_PASSWORD", made.owner_passwords),
        **_each("APP_PASSWORD", made.app_passwords),
        **_each("NATS_PASSWORD", made.nats_passwords),
        **_each("SIGNING_KEY", made.signing_keys),
        "OPERATOR_JWK": public_key(made.signing_keys[OPERATOR]),
        "MASTER_KEY": made.master_key,
        "GATEWAY_KEY": made.gateway_key,
        "GATEWAY_WEBHOOK_SECRET": made.gateway_webhook_secret,
        "PANEL_KEY": made.panel_key,
        "PANEL_WEBHOOK_SECRET": made.panel_webhook_secret,
        "GRAFANA_PASSWORD": new_password(),
    }


def _each(what: str, by_name: dict[str, str]) -> dict[str, str]:
    return {f"{name.upper()}_{what}": secret for name, secret in by_name.items()}


def main() -> None:
    """Quoted, so that compose takes braces and dollars as they are."""
    for name, text in new_settings().items():
        sys.stdout.write(f"{name}='{text}'\n")


if __name__ == "__main__":
    main()
