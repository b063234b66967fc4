"""A service with one route that reads the database, as a process: python ... PORT URL [OTLP]."""

import sys
from types import SimpleNamespace
from typing import Any

import uvicorn
import uvloop
from joserfc.jwk import OKPKey

from shared.consumers.group import Consumers
from shared.database import open_pool
from shared.http import Call, Rate, Router, Who
from shared.http.app import Service, create_app, server_settings
from shared.telemetry import start_telemetry
from shared.tokens import Signer
from tests.shared.kernel import store_on

router = Router()


@router.get("/heads", who=Who.PUBLIC, rate=Rate.INTERNAL)
async def get_heads(call: Call) -> int:
    """A short read."""
    heads: int = await call.db.fetchval("select count(*) from partition_head")
    return heads


async def _serve(port: int, url: str) -> None:
    key = OKPKey.generate_key("Ed25519").as_dict(private=True)
    settings: Any = SimpleNamespace(
        service="tickets", peers={}, operator_jwk=key, allowed_hosts=["127.0.0.1"]
    )
    store = store_on(await open_pool(url, size=4))
    app = create_app(
        Service(
            settings=settings,
            store=store,
            signer=Signer("tickets", key),
            consumers=Consumers([], store, None),  # type: ignore[arg-type]
            routers=[router],
        )
    )
    config = server_settings(app)
    config.host, config.port, config.lifespan = "127.0.0.1", port, "off"
    await uvicorn.Server(config).serve()


def main() -> None:
    """Serve until SIGTERM."""
    port, url, *otlp = sys.argv[1:]
    start_telemetry("tickets", otlp_endpoint=otlp[0] if otlp else None)
    uvloop.run(_serve(int(port), url))


if __name__ == "__main__":
    main()
