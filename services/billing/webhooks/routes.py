"""What gateway and panel tell us: signature over the raw bytes, then kept, then 200."""

from typing import TypeVar

import msgspec
from pydantic import ConfigDict

from services.billing.gateways.port import WebhookMalformed
from services.billing.state import state_of
from services.billing.webhooks.signature import SignatureInvalid, check_signature
from shared.http import Answer, Call, Rate, Repeat, Router, Who

router = Router(tags=["webhooks"])

Read = TypeVar("Read")


class KeptOut(Answer):
    """The webhook will be worked off; sending it again is harmless."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "kept"}]})

    status: str = "kept"


class _GatewayEvent(msgspec.Struct, frozen=True):
    id: str


class _PanelEvent(msgspec.Struct, frozen=True):
    event_id: str


@router.post(
    "/webhooks/gateway",
    who=Who.PUBLIC,
    rate=Rate.INTERNAL,
    repeat=Repeat.OWN,
    errors=(SignatureInvalid, WebhookMalformed),
)
async def post_gateway_webhook(call: Call) -> KeptOut:
    """Something happened to a checkout; what, the gateway is asked for."""
    body = await _signed_body(call, source="gateway", header="gateway-signature")
    event_id = _read(body, _GatewayEvent).id
    await state_of(call).inbox.keep("gateway", event_id, body=body)
    return KeptOut()


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
    await state_of(call).inbox.keep("panel", event_id, body=body)
    return KeptOut()


async def _signed_body(call: Call, *, source: str, header: str) -> str:
    """The body as text, if it bears the source's signature."""
    body = await call.request.body()
    check_signature(
        call.request.headers.get(header, ""),
        body,
        secret=state_of(call).webhook_secrets[source].get_secret_value(),
        now=call.now,
    )
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise WebhookMalformed() from error


def _read(body: str, kind: type[Read]) -> Read:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise WebhookMalformed() from error
