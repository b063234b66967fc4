"""Addresses in a brand's client area that mails point to. Pure."""

from dataclasses import dataclass
from urllib.parse import quote
from uuid import UUID


@dataclass(frozen=True)
class Links:
    """The client area at `home`, an address without a slash at its end."""

    home: str

    @property
    def sign_in(self) -> str:
        """Where to sign in."""
        return f"{self.home}/sign-in"

    @property
    def forgot(self) -> str:
        """Where to ask for a new password."""
        return f"{self.home}/forgot"

    @property
    def products(self) -> str:
        """Where to choose a product."""
        return f"{self.home}/products"

    @property
    def invoices(self) -> str:
        """All invoices."""
        return f"{self.home}/invoices"

    @property
    def credit(self) -> str:
        """The account's credit, and what is on its way to it."""
        return f"{self.home}/credit"

    @property
    def new_ticket(self) -> str:
        """Where to open a ticket."""
        return f"{self.home}/tickets/new"

    def invoice(self, id: UUID) -> str:
        """One invoice, with the ways to pay it."""
        return f"{self.home}/invoices/{id}"

    def service(self, id: UUID) -> str:
        """One service."""
        return f"{self.home}/services/{id}"

    def ticket(self, id: UUID) -> str:
        """One ticket."""
        return f"{self.home}/tickets/{id}"

    def confirm(self, token: str) -> str:
        """Confirms an e-mail address by its one-time token."""
        return f"{self.home}/confirm?token={quote(token, safe='')}"

    def reset(self, token: str) -> str:
        """Sets a new password by its one-time token."""
        return f"{self.home}/reset?token={quote(token, safe='')}"


def links_of(portal_url: str, brand: str) -> Links:
    """The client area of a brand; `portal_url` has `{brand}` for its slug.

    >>> links_of("http://{brand}.localhost:7100/", "ponto").invoices
    'http://ponto.localhost:7100/invoices'
    """
    return Links(portal_url.replace("{brand}", brand).rstrip("/"))
