"""A brand's tax rules as its settings keep them: stored for ever, so checked only when set."""

from dataclasses import dataclass, field

from services.billing.tax.tax import TaxMode, TaxRate, TaxRules


@dataclass(frozen=True, kw_only=True)
class BrandTaxes:
    """See `TaxRules`; a brand that says nothing charges no tax."""

    mode: TaxMode = TaxMode.NONE
    seller_country: str = ""
    rates: list[TaxRate] = field(default_factory=list)
    exempting_kinds: list[str] = field(default_factory=list)
    untaxed_pay_net: bool = True

    def rules(self) -> TaxRules:
        """The rules, checked: `TaxRulesContradict`.

        >>> BrandTaxes().rules().mode
        <TaxMode.NONE: 'none'>
        """
        return TaxRules(
            mode=self.mode,
            seller_country=self.seller_country,
            rates=tuple(self.rates),
            exempting_kinds=frozenset(self.exempting_kinds),
            untaxed_pay_net=self.untaxed_pay_net,
        )
