"""Whether a brand's receivers of PIX can be paid to."""

from collections.abc import Iterable

from services.billing.pix.br_code import LONGEST_CITY, LONGEST_NAME, plain_text
from services.billing.pix.fields import BrCodeInvalid
from services.billing.pix.keys import PixKeyInvalid, pix_key
from services.billing.pix.receiver import PixReceiver
from shared.errors import Invalid

LONGEST_MINUTES = 60 * 24 * 365


class PixReceiverInvalid(Invalid):
    """The receiver of the brand is not one that PIX could be paid to."""


def check_pix_receivers(receivers: Iterable[PixReceiver]) -> None:
    """Raise PixReceiverInvalid, which names receiver, field and reason, unless all can be used."""
    known: set[str] = set()
    for receiver in receivers:
        if receiver.id in known:
            raise _refused(receiver, "id", because="stands there twice")
        known.add(receiver.id)
        _check(receiver)


def _check(receiver: PixReceiver) -> None:
    try:
        is_as_written = pix_key(receiver.key).value == receiver.key
    except PixKeyInvalid:
        raise _refused(receiver, "key", because="is no PIX key") from None
    if not is_as_written:
        raise _refused(receiver, "key", because="is not as the directory writes it")
    for field, text, longest in (
        ("name", receiver.name, LONGEST_NAME),
        ("city", receiver.city, LONGEST_CITY),
    ):
        try:
            plain_text(text, longest=longest, field=field)
        except BrCodeInvalid:
            raise _refused(receiver, field, because="has no letter that a code can hold") from None
    if not 1 <= receiver.expires_after_minutes <= LONGEST_MINUTES:
        raise _refused(receiver, "expires_after_minutes", because="is below 1 or above a year")


def _refused(receiver: PixReceiver, field: str, *, because: str) -> PixReceiverInvalid:
    return PixReceiverInvalid(receiver=receiver.id, field=field, reason=because)
