"""What gateway and panel tell us: signature over the raw bytes, then kept, then 200."""

from typing import Annotated, TypeVar

import msgspec
from fastapi import Path
from pydantic import ConfigDict

from services.billing.gateways.port import WebhookMalformed
from services.billing.pix.news import news_in
from services.billing.state import state_of
from services.billing.webhooks.inbox import Kept
from services.billing.webhooks.signature import SignatureInvalid, check_signature
from shared.errors import NotFound
from shared.http import Answer, Call, Rate, Repeat, Router, Who
from shared.http.call import CallContext

LONGEST_EVENT_ID = 500
"""More than any sender writes, and what the database can keep apart."""

router = Router(tags=["webhooks"])

Read = TypeVar("Read")
Slug = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{1,40}$")]

FIRST_GATEWAY = "sandbox"


class KeptOut(Answer):
    """The webhook will be worked off; sending it again is harmless."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "kept"}]})

    status: str = "kept"


class _PanelEvent(msgspec.Struct, frozen=True):
    event_id: str


@router.post(
    "/webhooks/gateways/{gateway}",
    who=Who.PUBLIC,
    rate=Rate.INTERNAL,
    repeat=Repeat.OWN,
    errors=(NotFound, SignatureInvalid, WebhookMalformed),
)
async def post_gateway_webhook(gateway: Slug, call: Call) -> KeptOut:
    """Something happened to an attempt; what, the gateway is asked for."""
    await _keep_notice(call, gateway)
    return KeptOut()


@router.post(
    "/webhooks/gateway",
    who=Who.PUBLIC,
    rate=Rate.INTERNAL,
    repeat=Repeat.OWN,
    errors=(NotFound, SignatureInvalid, WebhookMalformed),
    deprecated=True,
)
async def post_first_gateway_webhook(call: Call) -> KeptOut:
    """As `/webhooks/gateways/sandbox`: pages that were opened before there was more than one."""
    await _keep_notice(call, FIRST_GATEWAY)
    return KeptOut()


@router.post(
    "/webhooks/pix",
    who=Who.PUBLIC,
    rate=Rate.INTERNAL,
    repeat=Repeat.OWN,
    errors=(SignatureInvalid, WebhookMalformed),
)
async def post_pix_webhook(call: Call) -> KeptOut:
    """PIX came; each of them is kept by its end-to-end id, and the PSP is asked about it."""
    body = await _signed_body(call, source="pix", header="gateway-signature")
    await _keep(call, "pix", kept=_pix_in(body))
    return KeptOut()


def _pix_in(body: str) -> list[Kept]:
    try:
        return news_in(body.encode())
    except msgspec.DecodeError as error:
        raise WebhookMalformed() from error


@router.post(
    "/webhooks/panel",
    who=Who.PUBLIC,
    rate=Rate.INTERNAL,
    repeat=Repeat.OWN,
    errors=(SignatureInvalid, WebhookMalformed),
)
async def post_panel_webhook(call: Call) -> KeptOut:
    """The panel has done or refused what it was asked."""
    body = await _signed_body(call, source="panel", header="panel-signature")
    event_id = _read(body, _PanelEvent).event_id
    await _keep(call, "panel", kept=[Kept(event_id=event_id, body=body)])
    return KeptOut()


async def _keep_notice(call: CallContext, name: str) -> None:
    """Keep what the gateway's webhook is about. `NotFound` for a gateway that we do not have."""
    state, body = state_of(call), await call.request.body()
    headers = {key.lower(): value for key, value in call.request.headers.items()}
    notice = state.gateways.found(name).read_webhook(headers, body, now=call.now)
    kept = Kept(event_id=notice.event_id, body=_text(body), about=notice.about, kind=notice.kind)
    await _keep(call, name, kept=[kept])


async def _keep(call: CallContext, source: str, *, kept: list[Kept]) -> None:
    """All of them, or none if one has no id that can be kept."""
    if not all(0 < len(each.event_id) <= LONGEST_EVENT_ID for each in kept):
        raise WebhookMalformed()
    for each in kept:
        await state_of(call).inbox.keep(source, each)


async def _signed_body(call: Call, *, source: str, header: str) -> str:
    """The body as text, if it bears the source's signature."""
    body = await call.request.body()
    check_signature(
        call.request.headers.get(header, ""),
        body,
        secret=state_of(call).webhook_secrets[source].get_secret_value(),
        now=call.now,
    )
    return _text(body)


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise WebhookMalformed() from error


def _read(body: str, kind: type[Read]) -> Read:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise WebhookMalformed() from error
