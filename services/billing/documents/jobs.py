"""What goes between the service and its typesetting processes: frames of msgpack with a length."""

import struct
from typing import BinaryIO

import msgspec

from services.billing.documents.paper import (
    BoletoPaper,
    CreditNotePaper,
    InvoicePaper,
    Paper,
    ReceiptPaper,
)

KINDS: dict[str, type[Paper]] = {
    kind.__name__: kind for kind in (InvoicePaper, CreditNotePaper, ReceiptPaper, BoletoPaper)
}
LENGTH = struct.Struct(">I")
LARGEST_BYTES = 64 * 1024 * 1024


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A paper by the name of its kind, and the electronic invoice that goes with it."""

    kind: str
    paper: msgspec.Raw
    attachment: str = ""


def job_of(paper: Paper, attachment: str = "") -> bytes:
    """The job in bytes; the same paper gives the same bytes.

    >>> from datetime import date
    >>> from services.billing.documents.paper import House, Party
    >>> receipt = ReceiptPaper(
    ...     language="en", house=House(name="Sol", accent_colour="#000000"),
    ...     seller=Party(name="Sol"), buyer=Party(name="Ana"), number="R-1",
    ...     received_on=date(2026, 11, 21), currency="EUR", amount_minor=100, method="Card",
    ... )
    >>> paper_of(msgspec.msgpack.decode(job_of(receipt), type=Job)) == receipt
    True
    """
    packed = msgspec.Raw(msgspec.msgpack.encode(paper))
    job = Job(kind=type(paper).__name__, paper=packed, attachment=attachment)
    return msgspec.msgpack.encode(job)


def paper_of(job: Job) -> Paper:
    """The paper as it was."""
    return msgspec.msgpack.decode(job.paper, type=KINDS[job.kind])


def read_frame(stream: BinaryIO) -> bytes | None:
    """The next frame; None at the end."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    return stream.read(LENGTH.unpack(head)[0])


def write_frame(stream: BinaryIO, frame: bytes) -> None:
    """Send a frame off."""
    stream.write(LENGTH.pack(len(frame)) + frame)
    stream.flush()
