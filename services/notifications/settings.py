"""What the notifications service needs from the environment besides what every service does."""

from pydantic import Field

from shared.settings import Settings


class NotificationsSettings(Settings):
    """Where mails are handed over."""

    smtp_host: str
    smtp_port: int = Field(ge=1, le=65535)
