"""`faktura brand`: hosting companies are data; a file says all about one."""

from pathlib import Path
from typing import Any

from cyclopts import App

from deploy.local.brandfile import read_brand_file
from deploy.local.brandmodel import BrandFile
from deploy.local.installation import Installation
from deploy.local.operations import Operator, operating
from deploy.local.quiet import wait_until_quiet
from deploy.local.registry import remember_brand, sign_in_for
from deploy.local.screen import screen
from deploy.local.state import Home

brand = App(name="brand", help="Set up the hosting companies.")


@brand.command
async def apply(*files: Path) -> int:
    """Check brand files and apply them; a repeat changes nothing. Exit 1: a file has flaws.

    Parameters
    ----------
    files
        YAML files; deploy/local/demo/ponto.yaml is an example.
    """
    read = [(path, read_brand_file(path)) for path in files]
    installation = Installation.open(Home.find())
    async with operating(installation) as operator:
        for path, content in read:
            await apply_brand(operator, content)
            products = len(content.products)
            screen.print(f"[green]✓[/] {content.brand.name}: {products} products ({path})")
    return 0


async def apply_brand(operator: Operator, content: BrandFile) -> None:
    """Sends the brand and its products to billing, then makes its staff's sign-ins."""
    slug = content.brand.slug
    body: dict[str, Any] = content.body()
    await operator.ask("billing", f"PUT /internal/brands/{slug}", body=body)
    home = operator.installation.home
    remember_brand(home, slug=slug, name=content.brand.name)
    # Accounts learns of the brand from the event.
    await wait_until_quiet(operator)
    for member in content.staff:
        person = sign_in_for(home, role="staff", brand=slug, name=member.name, email=member.email)
        body = {
            "brand": slug,
            "email": person.email,
            "name": person.name,
            "password": person.password,
            "role": member.role,
        }
        await operator.ask("accounts", "PUT /internal/staff", body=body)
