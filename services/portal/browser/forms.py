"""What a browser has filled in, and what is shown again beside it when it is refused."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from services.portal.browser.refusals import FormUnreadable
from shared.card_numbers import refuse_card_numbers
from shared.ids import new_id

MAX_FIELDS = 40
FORM_TYPE = "application/x-www-form-urlencoded"
UPLOAD_TYPE = "multipart/form-data"
LONGEST_NAME = 200


def fresh_intent() -> str:
    """A new idempotency key for a form: sending the form twice is one effect."""
    return new_id().hex


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file that was chosen: what it is called, without a path, and its bytes."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Form:
    """A form's values, the error at each field and the one above all fields, in words.

    `upload`: the file of a form that takes one; None where none was chosen.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    alert: str = ""
    intent: str = field(default_factory=fresh_intent)
    upload: Upload | None = None

    def text(self, name: str) -> str:
        """The value as it was typed, trimmed; empty if the field is missing."""
        return self.values.get(name, "").strip()

    def refused(self, *, errors: Mapping[str, str], alert: str) -> "Form":
        """The same values with what is wrong with them, for another try under a new key."""
        return replace(self, errors=errors, alert=alert, intent=fresh_intent())


async def read_form(request: Request) -> Form:
    """The form of a request. `FormUnreadable` for anything but a plain, bounded form.

    `CardNumberRefused` if a card's number was typed into any field: it is not shown again either.
    """
    _check_type(request, FORM_TYPE)
    try:
        async with request.form(max_files=0, max_fields=MAX_FIELDS) as sent:
            values = {name: _readable(value) for name, value in sent.items()}
    except (HTTPException, UnicodeDecodeError) as error:
        raise FormUnreadable() from error
    refuse_card_numbers(values, field="form")
    return Form(values=values, intent=_intent(values.get("intent", "")))


async def read_upload(request: Request) -> Form:
    """A form whose field `file` is a file. `FormUnreadable`, `CardNumberRefused` as any form."""
    _check_type(request, UPLOAD_TYPE)
    try:
        async with request.form(max_files=1, max_fields=MAX_FIELDS) as sent:
            upload = await _uploaded(sent.get("file"))
            values = {name: _readable(value) for name, value in sent.items() if name != "file"}
    except (HTTPException, UnicodeDecodeError) as error:
        raise FormUnreadable() from error
    refuse_card_numbers(values, field="form")
    return Form(values=values, intent=_intent(values.get("intent", "")), upload=upload)


async def _uploaded(sent: str | UploadFile | None) -> Upload | None:
    if not isinstance(sent, UploadFile) or not sent.filename:
        return None
    last = sent.filename.replace("\\", "/").rpartition("/")[2]
    name = "".join(each for each in unicodedata.normalize("NFC", last) if each.isprintable())
    return Upload(name=name[:LONGEST_NAME] or "-", content=await sent.read())


def _check_type(request: Request, wanted: str) -> None:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != wanted:
        raise FormUnreadable()


def _readable(value: str | UploadFile) -> str:
    """NFC with plain line breaks and without control characters that nobody types."""
    if not isinstance(value, str):
        raise FormUnreadable()
    text = unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n"))
    if any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t" for c in text):
        raise FormUnreadable()
    return text


def _intent(text: str) -> str:
    try:
        return UUID(text).hex
    except ValueError:
        return fresh_intent()
