"""What this command remembers of its own doing: the brands it applied, the sign-ins it made."""

import secrets
from dataclasses import asdict, dataclass
from typing import Literal

from deploy.local.state import Home, read_json, write_json

LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
"""Without those that are mistaken for one another."""


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """A person of the demo, or a member of staff that a brand file lists."""

    role: Literal["staff", "client"]
    brand: str
    name: str
    email: str
    password: str


def known_brands(home: Home) -> dict[str, str]:
    """The applied brands: name by slug."""
    return dict(read_json(home.folder / "brands.json") or {})


def remember_brand(home: Home, *, slug: str, name: str) -> None:
    """Notes a brand that has been applied."""
    write_json(home.folder / "brands.json", known_brands(home) | {slug: name})


def sign_ins(home: Home) -> list[SignIn]:
    """All sign-ins that were made here."""
    return [SignIn(**each) for each in read_json(home.folder / "sign-ins.json") or []]


def sign_in_for(
    home: Home, *, role: Literal["staff", "client"], brand: str, name: str, email: str
) -> SignIn:
    """The person's sign-in, with a new password if there is none yet; the name may have changed.

    It is kept before it is used, so that a run that is cut off can be repeated.
    """
    others = [each for each in sign_ins(home) if (each.brand, each.email) != (brand, email)]
    known = {(each.brand, each.email): each.password for each in sign_ins(home)}
    password = known.get((brand, email)) or _new_password()
    person = SignIn(role=role, brand=brand, name=name, email=email, password=password)
    write_json(home.folder / "sign-ins.json", [asdict(each) for each in (*others, person)])
    return person


def _new_password() -> str:
    """Twenty characters of 32: 100 bits, easy to read out."""
    groups = ("".join(secrets.choice(LETTERS) for _ in range(5)) for _ in range(4))
    return "-".join(groups)
