"""Documents as answers: their type, their file name, and when a browser may keep them.

The tag of a document is that of what it is made of, so that one that a browser has already is not
made again.
"""

import hashlib
import re
import unicodedata
from functools import cache
from pathlib import Path
from urllib.parse import quote

from fastapi import Response

from services.billing.documents.jobs import job_of
from services.billing.documents.paper import Paper
from services.billing.documents.workshop import Workshop
from shared.http.call import CallContext

OWN_FILES = Path(__file__).parent
KEPT_FILES = {".py", ".typ", ".po"}
PRIVATE = "private, no-cache"
"""Personal data: the browser may keep it and asks each time whether it is still so."""


class PdfDocument(Response):
    """application/pdf, shown in the browser."""

    media_type = "application/pdf"
    suffix, disposition = "pdf", "inline"


class XmlDocument(Response):
    """application/xml, saved as a file."""

    media_type = "application/xml"
    suffix, disposition = "xml", "attachment"


async def pdf_answer(
    call: CallContext, paper: Paper, *, name: str, attachment: str = ""
) -> Response:
    """The paper as a PDF; 304 for who has it. Errors: DocumentsBusy, DocumentNotMade."""
    tag = _tag(job_of(paper, attachment))
    if _is_known(call, tag):
        return _unchanged(tag)
    workshop: Workshop = call.state.workshop
    pdf = await workshop.typeset(paper, attachment=attachment)
    return _answer(PdfDocument, pdf, name=name, tag=tag)


def xml_answer(call: CallContext, text: str, *, name: str) -> Response:
    """The document as a file of XML; 304 for who has it."""
    content = text.encode()
    tag = _tag(content)
    return (
        _unchanged(tag)
        if _is_known(call, tag)
        else _answer(XmlDocument, content, name=name, tag=tag)
    )


def content_disposition(name: str, *, suffix: str, disposition: str) -> str:
    """How a browser is to name the file (RFC 6266): in ASCII, and as it is where that differs.

    >>> content_disposition("FV/2026/7", suffix="pdf", disposition="inline")
    'inline; filename="FV-2026-7.pdf"'
    >>> content_disposition("Счёт 7", suffix="pdf", disposition="inline")
    'inline; filename="7.pdf"; filename*=UTF-8\\'\\'%D0%A1%D1%87%D1%91%D1%82-7.pdf'
    """
    known = re.sub(r"[^\w.-]+", "-", unicodedata.normalize("NFC", name)).strip("-.") or "document"
    plain = known.encode("ascii", "ignore").decode().strip("-.") or "document"
    header = f'{disposition}; filename="{plain}.{suffix}"'
    return header if plain == known else f"{header}; filename*=UTF-8''{quote(known)}.{suffix}"


def _answer(
    kind: type[PdfDocument | XmlDocument], content: bytes, *, name: str, tag: str
) -> Response:
    file_name = content_disposition(name, suffix=kind.suffix, disposition=kind.disposition)
    return kind(content, headers={**_headers(tag), "Content-Disposition": file_name})


def _unchanged(tag: str) -> Response:
    return Response(status_code=304, headers=_headers(tag))


def _headers(tag: str) -> dict[str, str]:
    return {"ETag": tag, "Cache-Control": PRIVATE, "Vary": "Authorization"}


def _is_known(call: CallContext, tag: str) -> bool:
    asked = call.request.headers.get("if-none-match", "")
    return tag in (each.strip().removeprefix("W/") for each in asked.split(","))


def _tag(content: bytes) -> str:
    return f'"{hashlib.sha256(_edition() + content).hexdigest()[:32]}"'


@cache
def _edition() -> bytes:
    """What our own words and templates are: with others the same paper looks otherwise."""
    files = sorted(path for path in OWN_FILES.rglob("*") if path.suffix in KEPT_FILES)
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).digest()
