"""NATS JetStream: the connection and what must exist on the server. A cable, not a memory."""

import os
from datetime import timedelta

import nats
import nats.errors
import nats.js.errors
import structlog
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)

from shared.settings import Settings

PUBLISH_TIMEOUT_S = 3
FETCH_TIMEOUT_S = 3
ACK_WAIT_S = 30
MAX_AGE_S = timedelta(days=30).total_seconds()
DUPLICATE_WINDOW_S = timedelta(hours=2).total_seconds()
MAX_MESSAGE_BYTES = 128 * 1024

UNREACHABLE = (nats.errors.Error, OSError, TimeoutError)

log = structlog.get_logger()


async def connect(settings: Settings) -> Client:
    """A connection that reconnects for ever; should it close for good, the process ends.

    The supervisor then starts the process again, which is better than to idle silently.
    """
    return await nats.connect(
        settings.nats_url,
        user=settings.nats_user,
        password=settings.nats_password.get_secret_value(),
        name=settings.service,
        inbox_prefix=f"_INBOX_{settings.service}",
        connect_timeout=3,
        ping_interval=3,
        max_outstanding_pings=2,
        max_reconnect_attempts=-1,
        reconnect_time_wait=1,
        error_cb=_note_error,
        closed_cb=_end_process,
    )


async def close(client: Client) -> None:
    """Close the connection without ending the process."""
    client._closed_cb = None
    await client.close()


def stream_of(service: str) -> str:
    """The stream that holds a service's public events."""
    return service.upper()


async def assert_stream(js: JetStreamContext, service: str, *, replicas: int) -> None:
    """Create the service's stream, or bring it to this configuration."""
    config = StreamConfig(
        name=stream_of(service),
        subjects=[f"{service}.>"],
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        num_replicas=replicas,
        max_age=MAX_AGE_S,
        max_msg_size=MAX_MESSAGE_BYTES,
        duplicate_window=DUPLICATE_WINDOW_S,
        allow_direct=True,
        allow_atomic=True,
    )
    try:
        await js.add_stream(config)
    except nats.js.errors.BadRequestError:
        await js.update_stream(config)


async def assert_durable(js: JetStreamContext, source: str, *, service: str) -> None:
    """Create the durable pull consumer of `service` on the stream of `source`."""
    await js.add_consumer(
        stream_of(source),
        ConsumerConfig(
            durable_name=service,
            deliver_policy=DeliverPolicy.ALL,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ACK_WAIT_S,
            max_deliver=-1,
            max_ack_pending=10_000,
        ),
    )


async def _note_error(error: Exception) -> None:
    log.warning("bus error", error=repr(error))


async def _end_process() -> None:
    log.error("bus connection closed for good")
    os._exit(70)
