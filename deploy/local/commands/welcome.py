"""The addresses and the demo's sign-ins, as printed when the platform is ready."""

from rich.table import Table

from deploy.local.installation import Installation
from deploy.local.registry import SignIn, known_brands, sign_ins
from deploy.local.screen import screen


def welcome(installation: Installation, *, here: bool) -> None:
    """Prints where everything is and how to sign in."""
    screen.print()
    screen.print(_addresses(installation))
    people = sign_ins(installation.home)
    if people:
        screen.print(_people(people))
    ending = "Ctrl-C ends it." if here else "`faktura down` ends it."
    screen.print(f"Faktura is ready. {ending} Try: [bold]faktura day advance 40[/]\n")


def _addresses(installation: Installation) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 3, 0, 0))
    for slug, name in known_brands(installation.home).items():
        table.add_row(f"[bold]{name}[/], client area", _link(installation.portal_url(slug)))
        table.add_row("  operations console", _link(f"{installation.portal_url(slug)}/ops"))
        table.add_row(
            "  JSON API, described", _link(f"{installation.portal_url(slug)}/api/v1/openapi.json")
        )
    table.add_row("Mail catcher", _link(installation.url("mail")))
    table.add_row("Payment gateway (sandbox)", _link(installation.url("gateway")))
    table.add_row("Hosting panel (sandbox)", _link(installation.url("panel")))
    return table


def _people(people: list[SignIn]) -> Table:
    table = Table(title="Demo sign-ins", title_justify="left", box=None, pad_edge=False)
    for title in ("Who", "E-mail", "Password"):
        table.add_column(title, header_style="dim", no_wrap=True)
    for person in people:
        where = "client" if person.role == "client" else "staff, /ops"
        table.add_row(f"{person.name} ({where})", person.email, person.password)
    return table


def _link(address: str) -> str:
    return f"[link={address}]{address}[/link]"
