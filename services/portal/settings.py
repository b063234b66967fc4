"""What the portal needs from the environment besides what every service does."""

from urllib.parse import urlsplit

from pydantic import Field

from shared.settings import Settings


class PortalSettings(Settings):
    """`gateway_url` and `payment_pages` are where clients pay, such as https://checkout.stripe.com:
    pages may send forms there and nowhere else outside."""

    gateway_url: str
    payment_pages: list[str] = Field(default=[])
    allowed_hosts: list[str] = Field(default=["127.0.0.1", "localhost", "*.localhost"])

    @property
    def is_secure(self) -> bool:
        """Whether clients reach the portal by https, so that cookies can demand it."""
        return self.portal_url.startswith("https://")

    @property
    def payment_origins(self) -> list[str]:
        """Scheme, host and port of each payment page."""
        parts = [urlsplit(url) for url in (self.gateway_url, *self.payment_pages)]
        return [f"{each.scheme}://{each.netloc}" for each in parts]

    def is_payment_page(self, url: str) -> bool:
        """Whether clients may be sent there to pay."""
        return any(url.startswith(f"{origin}/") for origin in self.payment_origins)

    def host_of(self, brand: str) -> str:
        """The host name (without port) that a brand's pages have by the settings."""
        return urlsplit(self.portal_url.format(brand=brand)).hostname or ""
