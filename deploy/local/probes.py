"""Whether a program is ready, asked as its users would ask; OSError while it does not answer."""

import asyncio

import asyncpg

from deploy.local.ports import LOOPBACK

ANSWER_WITHIN_S = 2.0


async def http_is_ready(port: int) -> bool:
    """GET /health/ready answers 200."""
    request = f"GET /health/ready HTTP/1.1\r\nHost: {LOOPBACK}\r\nConnection: close\r\n\r\n"
    answer = await _first_line(port, request.encode())
    return answer.split(b" ")[1:2] == [b"200"]


async def nats_is_ready(port: int) -> bool:
    """The server greets with JetStream enabled."""
    return b'"jetstream":true' in await _first_line(port, b"")


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


async def _first_line(port: int, request: bytes) -> bytes:
    async with asyncio.timeout(ANSWER_WITHIN_S):
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        try:
            writer.write(request)
            return await reader.readline()
        finally:
            writer.close()
