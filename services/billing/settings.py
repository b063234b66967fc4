"""What the billing service's environment says besides what every service is told."""

from pydantic import Field, SecretStr

from shared.settings import Settings

PANEL_PATH = "/webhooks/panel"


class BillingSettings(Settings):
    """The payment gateway and the hosting panel: address, key, and the secret of their webhooks.

    `webhook_url` is where both reach this service; its own address among the peers if not given.
    """

    gateway_url: str
    gateway_key: SecretStr = Field(min_length=16)
    gateway_webhook_secret: SecretStr = Field(min_length=16)
    panel_url: str
    panel_key: SecretStr = Field(min_length=16)
    panel_webhook_secret: SecretStr = Field(min_length=16)
    webhook_url: str | None = None

    def notify_url(self, path: str) -> str:
        """Where a webhook of this path is to be sent."""
        return (self.webhook_url or self.peers["billing"][0]) + path
