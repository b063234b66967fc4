"""Where a gateway sends people back to, and where it tells its news."""

from dataclasses import dataclass

from services.billing.payments.payment import Payment


@dataclass(frozen=True, kw_only=True)
class Ways:
    """`portal_url` has `{brand}` for the slug of the brand; `webhooks_url` is our own address."""

    portal_url: str
    webhooks_url: str

    def back(self, payment: Payment) -> str:
        """Where the payer comes back to."""
        return self.portal_url.format(brand=payment.brand) + payment.return_path

    def of_news(self, gateway: str) -> str:
        """Where the gateway's webhooks go."""
        return f"{self.webhooks_url}/webhooks/gateways/{gateway}"
