"""Whether a program is ready, asked as its users would ask; OSError while it does not answer."""

import asyncio
import json

import asyncpg

from deploy.local.ports import LOOPBACK

ANSWER_WITHIN_S = 2.0
LARGEST_ANSWER_BYTES = 16 * 1024


async def http_is_ready(port: int, instance: str = "") -> bool:
    """GET /health/ready answers 200, and by itself: what listens there could be another's."""
    request = f"GET /health/ready HTTP/1.1\r\nHost: {LOOPBACK}\r\nConnection: close\r\n\r\n"
    answer = await _answer(port, request.encode())
    head, _, body = answer.partition(b"\r\n\r\n")
    if head.split(b" ")[1:2] != [b"200"]:
        return False
    return not instance or _instance_in(body) == instance


async def nats_is_ready(port: int, name: str = "") -> bool:
    """The server greets with JetStream enabled, and by its name if one is given."""
    greeting = await _first_line(port, b"")
    is_ours = not name or f'"server_name":"{name}"'.encode() in greeting
    return is_ours and b'"jetstream":true' in greeting


async def postgres_is_ready(url: str) -> bool:
    """The server lets us in."""
    try:
        db = await asyncpg.connect(url, timeout=ANSWER_WITHIN_S)
    except (asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    await db.close(timeout=ANSWER_WITHIN_S)
    return True


async def port_answers(port: int) -> bool:
    """Somebody listens there."""
    async with asyncio.timeout(ANSWER_WITHIN_S):
        _, writer = await asyncio.open_connection(LOOPBACK, port)
    writer.close()
    return True


def _instance_in(body: bytes) -> str:
    try:
        answer = json.loads(body)
    except ValueError:
        return ""
    return str(answer.get("instance", "")) if isinstance(answer, dict) else ""


async def _answer(port: int, request: bytes) -> bytes:
    """All that comes until the server closes, but no more than a readiness needs."""
    async with asyncio.timeout(ANSWER_WITHIN_S):
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        try:
            writer.write(request)
            return await _read_to_end(reader)
        finally:
            writer.close()


async def _read_to_end(reader: asyncio.StreamReader) -> bytes:
    text = b""
    while len(text) < LARGEST_ANSWER_BYTES and (more := await reader.read(4096)):
        text += more
    return text


async def _first_line(port: int, request: bytes) -> bytes:
    async with asyncio.timeout(ANSWER_WITHIN_S):
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        try:
            writer.write(request)
            return await reader.readline()
        finally:
            writer.close()
