"""A bank's return file as it comes in: checked by its first line, kept once by its bytes."""

import hashlib
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from uuid import NAMESPACE_URL, UUID, uuid5

from services.billing.brands.brand import Brand
from services.billing.cnab.returns import lines_of, read_return
from services.billing.cnab.tally import ReturnHeader
from shared.database import Pool, acquire
from shared.errors import Invalid
from shared.store import Cause, EventStore, Transaction

LARGEST_BYTES = 48 * 1024 * 1024
"""Some 60,000 occurrences of 400 columns, or 50,000 of two lines of 240, with room to spare."""
LONGEST_NAME = 200
TAKEN_UP_AGAIN = ("failed", "unknown_boleto", "ambiguous")

_KEEP = """
insert into return_file (return_file_id, brand, digest, name, received_by, received_at, bank,
                         columns, written_on, state, body)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'received', $10)
on conflict do nothing returning true
"""

_AGAIN = """
with lines as (
    update return_line set outcome = null, detail = ''
    where outcome = any($3) and return_file_id in (
        select return_file_id from return_file
        where return_file_id = $1 and brand = $2 and state = 'settled')
    returning 1
), files as (
    update return_file set state = 'read', settled_at = null
    where return_file_id = $1 and exists (select from lines)
)
select count(*)::int from lines
"""


class ReturnFileOfNoAccount(Invalid):
    """The file is of a bank that the brand collects no boletos at."""


class ReturnFileTooLarge(Invalid):
    """The file is larger than any return file."""

    status = 413  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True)
class Received:
    """A file as it came: whose it is, what it is called, who brought it."""

    brand: str
    name: str
    body: bytes
    received_by: str


@dataclass(frozen=True, kw_only=True)
class KeptFile:
    """The file's id; `is_new`: nobody had brought it before."""

    return_file_id: UUID
    is_new: bool


async def keep_return_file(received: Received, store: EventStore) -> KeptFile:
    """Keep the file for the run. The same bytes again are the same file.

    Errors: ReturnFileInvalid, ReturnFileTooLarge, ReturnFileOfNoAccount, NotFound for an unknown
    brand. Only its first line is looked at here.
    """
    if len(received.body) > LARGEST_BYTES:
        raise ReturnFileTooLarge(bytes=len(received.body))
    header = _header(received.body)
    check = partial(_check_bank, brand=received.brand, bank=header.bank)
    await store.run(Cause(actor=received.received_by), check)
    digest = hashlib.sha256(received.body).hexdigest()
    file_id = uuid5(NAMESPACE_URL, f"faktura:return_file:{received.brand}:{digest}")
    async with acquire(store.pool) as db:
        is_new = await db.fetchval(
            _KEEP,
            file_id,
            received.brand,
            digest,
            received.name[:LONGEST_NAME],
            received.received_by,
            store.clock.now(),
            header.bank,
            header.columns,
            header.written_on,
            received.body,
        )
    return KeptFile(return_file_id=file_id, is_new=bool(is_new))


def _header(body: bytes) -> ReturnHeader:
    header = next(iter(read_return(lines_of(BytesIO(body)))))
    assert isinstance(header, ReturnHeader), "a file begins with its header"
    return header


async def _check_bank(tx: Transaction, *, brand: str, bank: str) -> None:
    settings = (await tx.look_at(Brand, Brand.id_of(brand))).settings
    if bank not in {account.bank for account in settings.bank_accounts}:
        raise ReturnFileOfNoAccount(bank=bank)


async def try_again(file_id: UUID, *, brand: str, pool: Pool) -> int:
    """Let the run take up again what booked nothing: how many lines of the file that are.

    Those that failed, and those of boletos that were not known: an account may be set up by now.
    """
    async with acquire(pool) as db:
        count: int = await db.fetchval(_AGAIN, file_id, brand, list(TAKEN_UP_AGAIN))
    return count
