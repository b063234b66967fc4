"""`faktura demo`: a fictitious hosting company with a member of staff and a client."""

import asyncio
import re
import shutil
import time
from pathlib import Path
from typing import Any

from cyclopts import App

from deploy.local.brandfile import read_brand_file
from deploy.local.cluster import remove_outside
from deploy.local.commands.brand import apply_brand
from deploy.local.commands.welcome import welcome
from deploy.local.installation import Installation
from deploy.local.operations import Operator, Refusal, operating
from deploy.local.programs import end_leftovers
from deploy.local.registry import SignIn, sign_in_for, sign_ins
from deploy.local.screen import print_json, screen
from deploy.local.state import CannotRun, Home, supervisor_pid

demo = App(name="demo", help="The demo: brand, sign-ins, a fresh start.")

BRAND_FILE = Path(__file__).parents[1] / "demo" / "ponto.yaml"
MAIL_WITHIN_S = 30.0
CLIENT_EMAIL = "ana@cliente.example"
CLIENT = {
    "name": "Ana Beatriz Lima",
    "phone": "+55 48 99999-0142",
    "tax_id": "529.982.247-25",
    "address": "Avenida Beira-Mar, 1500, ap. 302",
    "city": "Florianópolis",
    "state": "SC",
    "postal_code": "88015-700",
    "country": "BR",
    "language": "pt-BR",
}


@demo.command
async def load() -> int:
    """Apply the demo brand and make its sign-ins; a repeat changes nothing."""
    installation = Installation.open(Home.find())
    with screen.status("Loading the demo …"):
        await load_demo(installation)
    welcome(installation, here=False)
    return 0


@demo.command
def show(*, json: bool = False) -> int:
    """Show the addresses and the demo's sign-ins.

    Parameters
    ----------
    json
        Print one JSON object.
    """
    installation = Installation.open(Home.find())
    if not json:
        welcome(installation, here=False)
        return 0
    people = sign_ins(installation.home)
    print_json(
        {
            "addresses": {name: installation.url(name) for name in installation.ports},
            "sign_ins": [
                {**vars(person), "url": installation.portal_url(person.brand)} for person in people
            ],
        }
    )
    return 0


@demo.command
def reset() -> int:
    """Throw all data of this installation away; `faktura up` then begins afresh."""
    home = Home.find()
    if supervisor_pid(home) is not None:
        raise CannotRun("Faktura is running. End it first with `faktura down`.")
    if home.folder.exists():
        end_leftovers(home)
        remove_outside(home)
        shutil.rmtree(home.folder)
    screen.print("All data are gone. `faktura up` begins afresh.")
    return 0


async def load_demo(installation: Installation) -> None:
    """The demo brand with its staff, and a client whose address is confirmed. Repeatable."""
    content = read_brand_file(BRAND_FILE)
    client = sign_in_for(
        installation.home,
        role="client",
        brand=content.brand.slug,
        name=CLIENT["name"],
        email=CLIENT_EMAIL,
    )
    async with operating(installation) as operator:
        await apply_brand(operator, content)
        refusal = await _sign_in(operator, client)
        if refusal and refusal.code != "email_not_confirmed":
            await _register(operator, client)
        if refusal:
            await _confirm(operator, client)


async def _sign_in(operator: Operator, client: SignIn) -> Refusal | None:
    """Tries the client's sign-in and returns the refusal, if any."""
    body = {"brand": client.brand, "email": client.email, "password": client.password}
    try:
        await operator.ask_publicly("accounts", "POST /v1/sessions", body=body)
    except Refusal as refusal:
        if refusal.status >= 500:
            raise
        return refusal
    return None


async def _register(operator: Operator, client: SignIn) -> None:
    """Registers like anybody."""
    body: dict[str, Any] = {
        **CLIENT,
        "brand": client.brand,
        "email": client.email,
        "password": client.password,
    }
    await operator.ask_publicly("accounts", "POST /v1/registrations", body=body)


async def _confirm(operator: Operator, client: SignIn) -> None:
    """Opens the link in the mail."""
    token = await _token_in_mail(operator, client.email)
    await operator.ask_publicly("accounts", "POST /v1/email-confirmations", body={"token": token})


async def _token_in_mail(operator: Operator, email: str) -> str:
    """The token of the newest confirmation mail to the address. Raises `CannotRun` without one."""
    until = time.monotonic() + MAIL_WITHIN_S
    while time.monotonic() < until:
        for message in await operator.ask_sandbox("mail", f"GET /api/messages?to={email}"):
            if found := re.search(r"[?&]token=([A-Za-z0-9_~.-]+)", message["text"]):
                return found[1]
        await asyncio.sleep(0.2)
    raise CannotRun(f"No mail with a confirmation link for {email} within {MAIL_WITHIN_S:.0f} s.")
