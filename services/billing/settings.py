"""What the billing service's environment says besides what every service is told."""

from pathlib import Path

from pydantic import Field, SecretStr

from shared.settings import Settings

PANEL_PATH = "/webhooks/panel"


class BillingSettings(Settings):
    """The payment gateway and the hosting panel: address, key, and the secret of their webhooks.

    PIX has a PSP of its own or, if none is given, that of the gateway. Into `return_folder` a
    bank's program puts return files, a folder for each brand. `webhook_url` is where all of them
    reach this service; its own address among the peers if not given.
    Cards go through Stripe where there is a key of it; while a secret of its webhooks is replaced,
    the one before holds as well. Attempts by card are counted by the hour (card testing).
    """

    gateway_url: str
    gateway_key: SecretStr = Field(min_length=16)
    gateway_webhook_secret: SecretStr = Field(min_length=16)
    panel_url: str
    panel_key: SecretStr = Field(min_length=16)
    panel_webhook_secret: SecretStr = Field(min_length=16)
    pix_psp_url: str | None = None
    pix_psp_key: SecretStr | None = Field(default=None, min_length=16)
    pix_psp_webhook_secret: SecretStr | None = Field(default=None, min_length=16)
    return_folder: Path | None = None
    webhook_url: str | None = None
    stripe_url: str = "https://api.stripe.com"
    stripe_key: SecretStr | None = Field(default=None, min_length=16)
    stripe_webhook_secret: SecretStr | None = Field(default=None, min_length=16)
    stripe_webhook_secret_before: SecretStr | None = Field(default=None, min_length=16)
    card_attempts_of_account: int = Field(default=5, ge=1)
    card_attempts_from_network: int = Field(default=10, ge=1)

    @property
    def stripe_webhook_secrets(self) -> list[SecretStr]:
        """Those that a webhook may be signed with now."""
        both = (self.stripe_webhook_secret, self.stripe_webhook_secret_before)
        return [secret for secret in both if secret is not None]

    def notify_url(self, path: str) -> str:
        """Where a webhook of this path is to be sent."""
        return (self.webhook_url or self.peers["billing"][0]) + path
