"""The process that typesets: one job after the other from standard input to standard output.

A paper takes its processor time here and not in the process that answers HTTP. It runs at a low
priority, without the service's environment, and ends when its input does.
"""

import os
import sys
from typing import BinaryIO

import msgspec

from services.billing.documents.factur_x import as_factur_x
from services.billing.documents.jobs import Job, paper_of, read_frame, write_frame
from services.billing.documents.typesetting import typeset

NICENESS = 10


def carry_out(job: Job) -> bytes:
    """The PDF of a job."""
    pdf = typeset(paper_of(job), attachment=job.attachment)
    return as_factur_x(pdf) if job.attachment else pdf


def work(jobs: BinaryIO, results: BinaryIO) -> None:
    """Until there are no more jobs. What goes wrong ends the process: it is started anew."""
    while (frame := read_frame(jobs)) is not None:
        write_frame(results, carry_out(msgspec.msgpack.decode(frame, type=Job)))


def main() -> None:
    """Work for whoever started this process."""
    os.nice(NICENESS)
    work(sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()
