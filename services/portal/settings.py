"""What the portal needs from the environment besides what every service does."""

from urllib.parse import urlsplit

from pydantic import Field

from shared.settings import Settings


class PortalSettings(Settings):
    """`gateway_url` is where clients pay: pages may send forms there and nowhere else outside."""

    gateway_url: str
    allowed_hosts: list[str] = Field(default=["127.0.0.1", "localhost", "*.localhost"])

    @property
    def is_secure(self) -> bool:
        """Whether clients reach the portal by https, so that cookies can demand it."""
        return self.portal_url.startswith("https://")

    @property
    def gateway_origin(self) -> str:
        """Scheme, host and port of the payment page."""
        parts = urlsplit(self.gateway_url)
        return f"{parts.scheme}://{parts.netloc}"

    def host_of(self, brand: str) -> str:
        """The host name (without port) that a brand's pages have by the settings."""
        return urlsplit(self.portal_url.format(brand=brand)).hostname or ""
