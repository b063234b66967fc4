"""What a page asks another service to do, in the user's name, and how the page goes on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from starlette.responses import Response

from services.portal.browser.forms import Form
from services.portal.browser.positions import reached
from services.portal.browser.sentences import explain
from services.portal.browser.visit import Visit
from shared.errors import DomainError
from shared.networks import ADDRESS_HEADER

WAIT_S = 2.0


@dataclass(frozen=True, kw_only=True)
class Command:
    """A request to a service. `version` is sent as If-Match; the form's intent as its key.

    `session` names the browser's own session to accounts. What the platform decides about itself
    the portal asks in its own name; the body then says for whom. `content`: a file as the body.
    """

    form: Form
    peer: str
    path: str
    body: Mapping[str, Any] | None = None
    content: bytes | None = None
    method: str = "POST"
    version: str = ""
    session: str = ""
    speaker: Literal["user", "portal"] = "user"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Either the service's answer, or the form with what is wrong with it in words."""

    answer: Mapping[str, Any] = field(default_factory=dict)
    position: str = ""
    form: Form = field(default_factory=Form)
    refusal: DomainError | None = None


async def send(visit: Visit, command: Command) -> Outcome:
    """Ask the service once; a refusal comes back as the form to show again."""
    session = visit.session if command.speaker == "user" else None
    try:
        answer = await visit.desk.peers.call(
            command.peer,
            command.method,
            command.path,
            json=command.body,
            content=command.content,
            token=session.token if session else None,
            headers=_headers(visit, command),
        )
    except DomainError as refusal:
        errors, alert = explain(refusal, visit.language)
        return Outcome(form=command.form.refused(errors=errors, alert=alert), refusal=refusal)
    is_json = "json" in answer.headers.get("content-type", "")
    body = answer.json() if is_json and answer.content else {}
    position = answer.headers.get("faktura-position", "")
    return Outcome(answer=body, position=position, form=command.form)


async def arrive(visit: Visit, outcome: Outcome, *, path: str) -> Response:
    """To `path`, once the views show what was done; after 2 s it is told that they lag."""
    if await reached(visit.desk.consumers, outcome.position, timeout_s=WAIT_S):
        return visit.go(path)
    joint = "&" if "?" in path else "?"
    return visit.go(f"{path}{joint}at={outcome.position}")


def _headers(visit: Visit, command: Command) -> dict[str, str]:
    client = visit.call.request.client
    return {
        "Idempotency-Key": command.form.intent,
        **({ADDRESS_HEADER: client.host} if client else {}),
        **visit.desk.peers.vouch(command.peer),
        **({"Content-Type": "application/octet-stream"} if command.content is not None else {}),
        **({"Faktura-Session": command.session} if command.session else {}),
        **({"If-Match": f'"{command.version}"'} if command.version else {}),
    }
