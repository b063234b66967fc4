"""What a brand file may say of the brand itself."""

from typing import Annotated, Any, Literal

import msgspec
from pydantic import ConfigDict, Field

from services.billing.brands.brand import BrandSettings
from services.billing.brands.brazil_bodies import BankAccountBody, PixReceiverBody
from services.billing.brands.commands import ConfigureBrand, OfferedProduct
from services.billing.catalogue.bodies import (
    Currency,
    GroupBody,
    Language,
    ProductBody,
    RuleChanges,
    Slug,
    Texts,
)
from services.billing.catalogue.terms import Group
from services.billing.promotions.bodies import PromotionBody
from shared.errors import Invalid
from shared.http.body import Body, Line

Days = Annotated[int, Field(ge=0, le=3660)]
MOST_PRODUCTS = 500
MOST_TAX_RATES = 500


class GroupUnknown(Invalid):
    """A product stands on a shelf that the file does not have, or two shelves have one slug."""


class TransferAccountBody(Body):
    """An account of the brand's, as the files of its bank name it; `number` may be an IBAN."""

    number: Annotated[str, Field(pattern=r"^[A-Za-z0-9 ./-]{1,40}$")]
    currency: Currency
    bank_code: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{0,12}$")] = ""
    branch: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{0,12}$")] = ""


class PaymentMethodBody(Body):
    """A way to pay; `details` are shown to who chooses a bank transfer.

    A boleto names the account that it is collected on, PIX who receives it.
    """

    id: Slug
    kind: Literal["hosted_page", "bank_transfer", "boleto", "pix"]
    label: Texts
    clearing_days: Days = 0
    details: dict[Line, Line] = Field(default_factory=dict)
    gateway: Slug | None = None
    bank_account: Slug | None = None
    pix_receiver: Slug | None = None
    accounts: Annotated[list[TransferAccountBody], Field(max_length=20)] = Field(
        default_factory=list
    )

    def told(self) -> dict[str, Any]:
        """Its fields as settings have them: boletos and PIX go through gateways of their own."""
        return {
            **self.model_dump(),
            "gateway": self.gateway or (self.kind if self.kind in {"boleto", "pix"} else "sandbox"),
            "bank_account": self.bank_account or "",
            "pix_receiver": self.pix_receiver or "",
        }


class DepartmentBody(Body):
    """Where a ticket can go."""

    id: Slug
    name: Texts
    description: Texts


class TaxRateBody(Body):
    """A tax of a place; country and state are empty for all. A compound rate is of level 2.

    An informative one, such as ISS por dentro, is contained in the price: told, never added.
    """

    name: Line
    percent: Annotated[str, Field(pattern=r"^[0-9]{1,3}(\.[0-9]{1,6})?$")]
    country: Annotated[str, Field(pattern=r"^([A-Z]{2})?$")] = ""
    state: Annotated[str, Field(max_length=100)] = ""
    level: Annotated[int, Field(ge=1, le=2)] = 1
    tax_class: Literal["standard", "reduced"] = "standard"
    is_compound: bool = False
    is_informative: bool = False


class TaxBody(Body):
    """Whether prices include tax, and which rates there are; without it the brand charges none."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "mode": "exclusive",
                    "seller_country": "PL",
                    "rates": [{"name": "VAT", "percent": "23", "country": "PL"}],
                }
            ]
        }
    )

    mode: Literal["none", "inclusive", "exclusive"] = "none"
    seller_country: Annotated[str, Field(pattern=r"^([A-Z]{2})?$")] = ""
    rates: Annotated[list[TaxRateBody], Field(max_length=MOST_TAX_RATES)] = Field(
        default_factory=list
    )
    exempting_kinds: list[Literal["cpf", "cnpj", "nip", "inn", "eu_vat", "vat"]] = Field(
        default_factory=list
    )
    untaxed_pay_net: bool = True


class DunningBody(Body):
    """Spans in days; what is left out has the default of product.md."""

    new_order_due_days: Days = 0
    renewal_days_before: Days = 14
    reminder_days_before: list[Days] = Field(default_factory=lambda: [7, 1])
    overdue_notice_days: list[Days] = Field(default_factory=lambda: [1, 3, 7])
    suspension_days: Days = 5
    suspension_warning_days: Days = 2
    termination_days: Days | None = None
    unpaid_order_days: Days = 7


class BrandBody(Body):
    """A brand file. `invoice_prefix` stands before each number; else the slug's first letters."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Ponto Hospedagem",
                    "hosts": ["ponto.example"],
                    "languages": ["pt-BR", "en"],
                    "default_language": "pt-BR",
                    "time_zone": "America/Sao_Paulo",
                    "currency": "BRL",
                    "invoice_prefix": "PON",
                    "sender_name": "Ponto",
                    "sender_email": "ola@ponto.example",
                    "accent_colour": "#0b7285",
                    "payee": {"name": "Ponto Ltda"},
                    "payment_methods": [
                        {"id": "card", "kind": "hosted_page", "label": {"pt-BR": "Cartão"}}
                    ],
                    "departments": [],
                    "products": [
                        {
                            "slug": "start",
                            "name": {"pt-BR": "Hospedagem Início"},
                            "prices": [{"cycle": "monthly", "recurring_minor": 2990}],
                        }
                    ],
                }
            ]
        }
    )

    name: Line
    hosts: list[Line]
    languages: Annotated[list[Language], Field(min_length=1)]
    default_language: Language
    time_zone: Line
    currency: Currency
    currencies: list[Currency] = Field(default_factory=list)
    invoice_prefix: Annotated[str, Field(pattern=r"^[A-Z0-9]{1,10}$")] | None = None
    sender_name: Line
    sender_email: Line
    accent_colour: Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]
    payee: dict[Line, Line]
    payment_methods: Annotated[list[PaymentMethodBody], Field(min_length=1)]
    departments: list[DepartmentBody]
    dunning: DunningBody = DunningBody()
    rules: RuleChanges = Field(default_factory=dict)
    tax: TaxBody = TaxBody()
    bank_accounts: Annotated[list[BankAccountBody], Field(max_length=20)] = Field(
        default_factory=list
    )
    pix_receivers: Annotated[list[PixReceiverBody], Field(max_length=20)] = Field(
        default_factory=list
    )
    groups: list[GroupBody] = Field(default_factory=list)
    products: Annotated[list[ProductBody], Field(max_length=MOST_PRODUCTS)]
    promotions: list[PromotionBody] = Field(default_factory=list)

    def command(self, slug: str) -> ConfigureBrand:
        """What is to be done. `GroupUnknown` for a product on a shelf that is not there."""
        return ConfigureBrand(
            slug=slug,
            settings=self._settings(slug),
            products=self._products(),
            promotions=[each.terms() for each in self.promotions],
        )

    def _settings(self, slug: str) -> BrandSettings:
        prefix = self.invoice_prefix or slug.replace("-", "")[:3].upper()
        fields = self.model_dump(exclude={"groups", "products", "promotions"})
        methods = [method.told() for method in self.payment_methods]
        told = {**fields, "payment_methods": methods, "invoice_prefix": prefix}
        return msgspec.convert(told, BrandSettings)

    def _products(self) -> list[OfferedProduct]:
        groups = {each.slug: msgspec.convert(each.model_dump(), Group) for each in self.groups}
        named = {each.group for each in self.products if each.group}
        if len(groups) != len(self.groups) or not named <= groups.keys():
            raise GroupUnknown(field="groups", unknown=sorted(named - groups.keys()))
        found = []
        for each in self.products:
            group = groups[each.group] if each.group else None
            terms = each.terms(self.currency, group=group)
            revisions = each.later(self.currency, group=group)
            found.append(OfferedProduct(terms=terms, revisions=revisions))
        return found
