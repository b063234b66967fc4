"""Brings one service's database to the present schema: `python -m deploy.migrate SERVICE`.

FAKTURA_OWNER_DATABASE_URL owns the tables, the role of FAKTURA_DATABASE_URL may use them; the
accounts service also has FAKTURA_OWNER_KEYRING_URL and FAKTURA_KEYRING_URL.
"""

import asyncio
import importlib
import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

from shared.migrate import migrate_plain, migrate_service

SERVICES = Path(__file__).parent.parent / "services"


async def migrate(service: str) -> None:
    """Everything that the service keeps in PostgreSQL."""
    app = importlib.import_module(f"services.{service}.app")
    await migrate_service(
        SERVICES / service / "migrations",
        app.VIEWS,
        owner_url=os.environ["FAKTURA_OWNER_DATABASE_URL"],
        role=_role("FAKTURA_DATABASE_URL"),
    )
    if "FAKTURA_OWNER_KEYRING_URL" in os.environ:
        await migrate_plain(
            SERVICES / service / "keyring_migrations",
            owner_url=os.environ["FAKTURA_OWNER_KEYRING_URL"],
            role=_role("FAKTURA_KEYRING_URL"),
        )


def _role(variable: str) -> str:
    role = urlsplit(os.environ[variable]).username
    assert role, f"{variable} names the application's role"
    return role


if __name__ == "__main__":
    asyncio.run(migrate(sys.argv[1]))
