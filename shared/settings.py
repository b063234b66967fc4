"""What the environment says: variables with the prefix FAKTURA_, checked at start."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


def _as_tuple(given: Any) -> Any:
    return (given,) if isinstance(given, str) else given


Addresses = Annotated[tuple[str, ...], Field(min_length=1), BeforeValidator(_as_tuple)]


class Settings(BaseSettings):
    """The settings that every service has; a service's own settings.py adds its ports.

    A missing or malformed variable ends the process at start with a sentence that names it.
    """

    model_config = SettingsConfigDict(env_prefix="FAKTURA_", frozen=True, extra="ignore")

    service: str
    instance: str = ""
    """Which process of which installation this is: what its readiness answers with."""
    host: str = "127.0.0.1"
    port: int
    ops_port: int | None = None
    """Where /metrics answers, and nowhere else: a port that the world cannot reach."""
    data_folder: str = "/"
    """A folder on the disk that must not fill up: where the databases lie, if they lie here."""
    database_url: SecretStr
    database_replica_url: SecretStr | None = None
    """A read-only copy of the database, by streaming replication, for the reads of views."""
    database_pool_size: int = Field(default=12, ge=2, le=100)
    nats_url: str
    nats_user: str
    nats_password: SecretStr = Field(min_length=16)
    nats_replicas: int = Field(default=1, ge=1, le=5)
    signing_key: dict[str, Any] = Field(repr=False)
    """The private Ed25519 key of this service as a JWK."""
    operator_jwk: dict[str, Any]
    """The public key of the operator's command line as a JWK."""
    peers: dict[str, Addresses]
    """Base addresses of each service's processes; one may stand there without brackets."""
    portal_url: str
    """Address of a brand's client area, with `{brand}` for its slug."""
    allowed_hosts: list[str] = ["127.0.0.1", "localhost"]
    otlp_endpoint: str | None = None
    log_level: str = "INFO"
