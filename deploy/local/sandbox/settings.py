"""What a sandbox is told by its environment (prefix SANDBOX_)."""

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class SandboxSettings(BaseSettings):
    """`key` opens the API; `webhook_secret` signs what the sandbox sends."""

    model_config = SettingsConfigDict(env_prefix="SANDBOX_")

    instance: str = ""
    host: str = "127.0.0.1"
    port: int
    smtp_port: int = 0
    public_url: str
    data: Path
    key: str = ""
    webhook_secret: str = ""
    dispute_after_days: int = 3
