"""The settings of the accounts service besides those that every service has."""

import binascii
from base64 import b64decode

from pydantic import Field, SecretStr, field_validator

from shared.settings import Settings

MASTER_KEY_BYTES = 32


class AccountsSettings(Settings):
    """`master_key`: 32 random bytes in base64; without it nobody reads personal data again."""

    keyring_url: SecretStr
    master_key: SecretStr
    attempts_per_network: int = Field(default=10, ge=1)
    """Registrations, confirmations or resets that one network may try in an hour."""
    free_failures_per_network: int = Field(default=5, ge=1)
    """Failed sign-ins from one network before the next has to wait."""

    @field_validator("master_key")
    @classmethod
    def _is_a_key(cls, value: SecretStr) -> SecretStr:
        try:
            size = len(b64decode(value.get_secret_value(), validate=True))
        except binascii.Error as error:
            raise ValueError("is not base64") from error
        if size != MASTER_KEY_BYTES:
            raise ValueError("is not 32 bytes")
        return value

    @property
    def master_key_bytes(self) -> bytes:
        """The master key itself."""
        return b64decode(self.master_key.get_secret_value())
