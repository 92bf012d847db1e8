"""Every setting, with its default. Each one is explained in .env.example; a wrong one stops the start."""

from collections.abc import Iterable
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Network = IPv4Network | IPv6Network
PREFIX = "GROUNDSWELL_"
OF_THE_TESTS = (f"{PREFIX}SHARED", f"{PREFIX}FAILPOINT")


class Settings(BaseSettings):
    """Read from the environment (`GROUNDSWELL_…`) and from `.env` in the working folder."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", extra="ignore", frozen=True)

    database_url: str = "sqlite:///data/groundswell.db"
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    public_url: str = ""
    allow_networks: Annotated[tuple[Network, ...], NoDecode] = ()
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = ()
    contact: str = ""
    secret_key: SecretStr | None = None
    secret_key_file: Path | None = None
    poll_seconds: Annotated[int, Field(ge=1, le=86_400)] = 300
    page_limit: Annotated[int, Field(ge=1, le=200)] = 25
    rewalk_days: Annotated[float, Field(ge=0, le=90)] = 7
    workers: Annotated[int, Field(ge=1, le=64)] = 4
    ping_url: str = ""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = "text"

    @field_validator("allow_networks", "trusted_proxies", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(ip_network(part.strip()) for part in value.split(",") if part.strip())

    @field_validator("public_url", "ping_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        if value and not value.startswith(("https://", "http://")):
            raise ValueError("must begin with https:// or http://")
        return value

    @property
    def base_url(self) -> str:
        """Where people find it: what links in messages begin with."""
        if self.public_url:
            return self.public_url.rstrip("/")
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - compared, not bound
        return f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{self.port}"

    @property
    def user_agent(self) -> str:
        return f"Groundswell/0.1 ({self.contact})" if self.contact else "Groundswell/0.1"

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if not value.startswith(("sqlite:///", "postgresql://")):
            raise ValueError("must begin with sqlite:/// or postgresql://")
        return value


def misspelt(names: Iterable[str]) -> tuple[str, str] | None:
    """The first name that looks like a setting and is none, and the setting that is nearest to it."""
    known = [f"{PREFIX}{name.upper()}" for name in Settings.model_fields]
    for name in sorted({name.upper() for name in names}):
        if name.startswith(PREFIX) and name not in (*known, *OF_THE_TESTS):
            return name, get_close_matches(name, known, 1, 0.0)[0]
    return None
