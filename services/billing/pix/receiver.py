"""Who receives PIX for a brand, as its file says: a key, and what a payer's bank shows of it."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class PixReceiver:
    """`key` is one of the directory's; a code is good for `expires_after_minutes`.

    `is_static`: the codes are made here from the key, without asking the PSP for a charge; they can
    be paid more than once, and what is paid twice is credit.
    """

    id: str
    key: str
    name: str
    city: str
    expires_after_minutes: int = 1440
    is_static: bool = False
