"""What a brand file says of taxes. Percents are texts, so that no digit is lost."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from deploy.local.brandwords import Line, Part

Country = Annotated[str, StringConstraints(pattern=r"^([A-Z]{2})?$")]
"""ISO 3166-1 alpha-2, or empty for all."""


class TaxRate(Part):
    """A tax of a place; without country it holds everywhere. A compound rate is of level 2.

    An informative one is contained in the price: told on the invoice, never added.
    """

    name: Line
    percent: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,3}(\.[0-9]{1,6})?$")]
    country: Country = ""
    state: Annotated[str, Field(max_length=100)] = ""
    level: Literal[1, 2] = 1
    tax_class: Literal["standard", "reduced"] = "standard"
    is_compound: bool = False
    is_informative: bool = False


class Tax(Part):
    """Whether prices include tax, and its rates; the country is where the company is at home."""

    mode: Literal["none", "inclusive", "exclusive"] = "none"
    seller_country: Country = ""
    rates: list[TaxRate] = Field(default_factory=list)
    exempting_kinds: list[Literal["cpf", "cnpj", "nip", "inn", "eu_vat", "vat"]] = Field(
        default_factory=list
    )
    untaxed_pay_net: bool = True
