"""The keys of personal data, for the other services."""

from base64 import b64encode
from typing import Annotated
from uuid import UUID

from pydantic import Field

from services.accounts.state import state_of
from shared.http import Answer, Body, Call, Id, Repeat, Router, Who

router = Router(tags=["keyring"])

MOST_SUBJECTS = 1_000


class KeysBody(Body):
    """`create`: make the keys that there never were."""

    subjects: Annotated[list[Id], Field(max_length=MOST_SUBJECTS)]
    create: bool = False


class KeysOut(Answer):
    """Each key in base64; null where it has been deleted or never was."""

    keys: dict[UUID, str | None]


@router.post("/internal/keys", who=Who.INTERNAL, repeat=Repeat.OWN)
async def post_keys(body: KeysBody, call: Call) -> KeysOut:
    """The keys of the subjects."""
    keyring = state_of(call).keyring
    if body.create:
        for subject in body.subjects:
            await keyring.ensure(subject)
    found = await keyring.keys(body.subjects)
    encoded = {subject: b64encode(key).decode() if key else None for subject, key in found.items()}
    return KeysOut(keys=encoded)
