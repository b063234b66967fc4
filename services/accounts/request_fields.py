"""The fields that several requests share, each in the normal form that is kept and compared."""

from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from services.accounts.clients.account import Contact
from services.accounts.clients.contact_fields import (
    country_code,
    normal_email,
    normal_phone,
    normal_tax_id,
)
from services.accounts.users.password import MAX_BYTES
from shared.http import Body, Line

BrandSlug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
Email = Annotated[Line, AfterValidator(normal_email)]
Phone = Annotated[Line, AfterValidator(normal_phone)]
TaxId = Annotated[Line, StringConstraints(max_length=40), AfterValidator(normal_tax_id)]
Country = Annotated[Line, AfterValidator(country_code)]
PostalCode = Annotated[Line, StringConstraints(max_length=20)]
Language = Annotated[Line, StringConstraints(max_length=20)]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=MAX_BYTES)]
"""A password as it was typed: not trimmed, its bytes are counted by the rules for passwords."""


class ContactBody(Body):
    """Contact data without the address for sign-in; all of it is required."""

    language: Language
    name: Line
    phone: Phone
    tax_id: TaxId
    address: Line
    city: Line
    state: Line
    postal_code: PostalCode
    country: Country

    def contact(self, *, email: str) -> Contact:
        """As a value of the domain."""
        return Contact(
            email=email,
            language=self.language,
            name=self.name,
            phone=self.phone,
            tax_id=self.tax_id,
            address=self.address,
            city=self.city,
            state=self.state,
            postal_code=self.postal_code,
            country=self.country,
        )


def sign_in_name(text: str) -> str:
    """The normal form of an address; any other text as it is: it is refused like a wrong one.

    >>> sign_in_name("Ana@Example.com"), sign_in_name("' OR 1=1--")
    ('ana@example.com', "' or 1=1--")
    """
    try:
        return normal_email(text)
    except ValueError:
        return text.casefold()
