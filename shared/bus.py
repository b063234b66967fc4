"""NATS JetStream: the connection and what must exist on the server. A cable, not a memory."""

import asyncio
import os
import re
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from weakref import WeakKeyDictionary

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

from shared.heartbeat import beat
from shared.settings import Settings

PUBLISH_TIMEOUT_S = 3
FETCH_TIMEOUT_S = 3
ACK_WAIT_S = 30
MAX_AGE_S = timedelta(days=30).total_seconds()
DUPLICATE_WINDOW_S = timedelta(hours=2).total_seconds()
MAX_MESSAGE_BYTES = 128 * 1024
LOOK_EVERY_S = 1.0

UNREACHABLE = (nats.errors.Error, OSError, TimeoutError)

_watches: WeakKeyDictionary[Client, "asyncio.Task[None]"] = WeakKeyDictionary()

log = structlog.get_logger()

_HEADER = re.compile(r"(?m)^([!-9;-~]+): (|\S|\S[^\r\n]*\S)\r\n")
"""A line as we and the server write it: no blank in the name, none at the ends of the value."""


class QuickClient(Client):
    """The library's client with a quicker way of reading headers; all else is the library's.

    Its own looks at each letter of each name: half of the time that receiving an event takes.
    """

    @staticmethod
    def _parse_header_lines(raw: bytes) -> dict[str, str]:
        """The same headers by name; what is written in an unusual way is left to the library."""
        text = raw.decode("utf-8", "replace")
        found = _HEADER.findall(text)
        if len(found) != text.count("\n") - 1:  # the last line is empty
            return Client._parse_header_lines(raw)
        return dict(found)


def dial(settings: Settings) -> tuple[Client, "asyncio.Task[None]"]:
    """A connection to any server of the list that answers, which reconnects for ever.

    It is in the making; the task ends when it is there. Wrong credentials, and a connection that
    closed for good, end the process with a message: the supervisor then starts it again, which is
    better than to idle silently.
    """
    client = QuickClient()
    dialling = asyncio.create_task(_dial(client, settings))
    dialling.add_done_callback(partial(_end_if_failed, settings.nats_user))
    return client, dialling


async def connect(settings: Settings) -> Client:
    """See `dial`; returns when the connection is there."""
    client, dialling = dial(settings)
    await dialling
    return client


async def when_connected(
    dialling: "asyncio.Task[None]", work: Callable[[], Awaitable[None]]
) -> None:
    """Do `work`, which needs the bus, as soon as it is there: whatever else there is goes on."""
    while not dialling.done():
        beat()
        await asyncio.wait([dialling], timeout=LOOK_EVERY_S)
    await work()


async def _dial(client: Client, settings: Settings) -> None:
    await client.connect(
        settings.nats_url.split(","),
        user=settings.nats_user,
        password=settings.nats_password.get_secret_value(),
        name=settings.service,
        inbox_prefix=f"_INBOX_{settings.service}",
        connect_timeout=3,
        ping_interval=3,
        max_outstanding_pings=2,
        max_reconnect_attempts=-1,
        reconnect_time_wait=1,
        error_cb=partial(_note_error, settings.nats_user),
    )
    # Not before: between two tries of the first connection the client calls itself closed.
    _watches[client] = asyncio.create_task(_end_when_closed(client, settings.nats_user))


async def close(client: Client) -> None:
    """Close the connection without ending the process."""
    watch = _watches.pop(client, None)
    if watch:
        watch.cancel()
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


async def _note_error(user: str, error: Exception) -> None:
    _end_if_refused(user, error)
    log.warning("bus error", error=repr(error))


async def _end_when_closed(client: Client, user: str) -> None:
    """The client library's own callback is left out on some of the ways on which it closes."""
    while not client.is_closed:  # noqa: ASYNC110
        await asyncio.sleep(LOOK_EVERY_S)
    _end_if_refused(user, client.last_error)
    reason = f"the connection to the bus closed for good: {client.last_error!r}"
    _end_process(os.EX_UNAVAILABLE, reason)


def _end_if_failed(user: str, dialling: "asyncio.Task[None]") -> None:
    if not dialling.cancelled() and (error := dialling.exception()):
        _end_process(os.EX_UNAVAILABLE, f"{user} cannot connect to the bus: {error!r}")


def _end_if_refused(user: str, error: Exception | None) -> None:
    said = str(error).lower()
    if isinstance(error, nats.errors.AuthorizationError) or "authorization violation" in said:
        _end_process(os.EX_NOPERM, f"the bus refuses the credentials of the user {user}")


def _end_process(code: int, reason: str) -> None:
    """End at once, with `code`. Nothing is lost: what is true has been committed."""
    log.error("process ends", reason=reason)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
