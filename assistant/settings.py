"""All settings of the assistant: environment variables `ASSISTANT_…` and an optional `assistant.toml`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, IPvAnyNetwork, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from assistant.errors import ConfigurationError
from index.paths import Paths

PREFIX = "ASSISTANT_"
# An origin as a Content-Security-Policy takes it: nothing that could end the directive.
ORIGIN = r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?$"
# A host's name as a Host header has it, without a port.
HOST = r"^[A-Za-z0-9.-]{1,253}$"
HEADER = r"^[A-Za-z0-9-]{1,64}$"
QUESTIONS_PER_MINUTE = 120
SHIPPED_CONTACTS = Path(__file__).parent / "contacts.toml"


class Settings(Paths):
    """What an operator can set; a key that is not here is an error, in the file and in the environment alike."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, toml_file="assistant.toml")

    contacts: Path = Field(SHIPPED_CONTACTS, description="the file that says whom to ask")
    widget_sites: tuple[Annotated[str, Field(pattern=ORIGIN)], ...] = Field(
        (), description="sites that may show the chat in a frame, such as https://www.city.example.jp"
    )
    reader: bool = Field(True, description="whether the best passages are read before they are quoted")
    hosts: tuple[Annotated[str, Field(pattern=HOST)], ...] = Field(
        (), description="names that the service goes by, such as plan.city.example.jp; with none, any name is taken"
    )
    proxies: tuple[IPvAnyNetwork, ...] = Field(
        (), description="addresses of the reverse proxies whose X-Forwarded-For is believed; never all addresses"
    )
    questions_per_minute: int = Field(
        QUESTIONS_PER_MINUTE, ge=1, le=100_000, description="what one address may ask a minute"
    )
    metrics_port: int | None = Field(
        None, ge=1, le=65535, description="where Prometheus reads figures; without it they are nowhere"
    )
    metrics_host: str = Field("127.0.0.1", description="the address of that port; never one that the public reaches")
    threads: int = Field(2, ge=1, le=64, description="processor threads of the models")
    database: SecretStr = Field(
        SecretStr(""), description="postgresql+psycopg://user:password@host/name; empty for a SQLite file under var"
    )
    staff: Literal["off", "accounts", "proxy"] = Field(
        "off", description="the staff's pages: off, with accounts of this server, or with names from a trusted proxy"
    )
    staff_proxies: tuple[IPvAnyNetwork, ...] = Field((), description="addresses of the proxies that may name a person")
    staff_identity_header: str = Field("X-Remote-User", pattern=HEADER, description="the header with the person's name")
    staff_proxy_secret: SecretStr = Field(SecretStr(""), description="what the proxy sends as X-Staff-Proxy-Secret")
    staff_idle_minutes: int = Field(30, ge=1, le=720, description="how long a staff session may lie unused")
    counter_idle_minutes: int = Field(
        5, ge=0, le=120, description="how long the counter may lie unused before it warns and clears itself; 0: for ever"
    )
    staff_session_hours: int = Field(12, ge=1, le=24, description="how long a staff session may last at all")

    approved_for_residents: bool = Field(False, description="whether residents are served the answers that staff approved")
    log_questions: bool = Field(False, description="whether the texts of questions are kept, masked")
    log_days: int = Field(90, ge=1, le=366, description="for how many days the texts of questions are kept")

    @field_validator("proxies", "staff_proxies")
    @classmethod
    def _no_proxy_is_everyone(cls, proxies: tuple[IPvAnyNetwork, ...]) -> tuple[IPvAnyNetwork, ...]:
        if any(proxy.prefixlen == 0 for proxy in proxies):
            raise ValueError("every address would be believed to be a proxy")
        return proxies

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments before environment before file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load_settings(**given: object) -> Settings:
    """Return the settings; `given` wins over the environment, the environment over the file.

    Raises:
        ConfigurationError: a key is unknown or a value out of range; the message names the key.
    """
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    unknown = sorted(name for name in os.environ if name.startswith(PREFIX) and name.upper() not in known)
    if unknown:
        raise ConfigurationError(f"知らない設定です: {', '.join(unknown)}（使えるもの: {', '.join(sorted(known))}）")
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        keys = ", ".join(".".join(str(part) for part in item["loc"]) for item in error.errors())
        raise ConfigurationError(f"設定に誤りがあります: {keys}\n{error}") from error
    except OSError as error:
        raise ConfigurationError(f"設定ファイルを読めません: {error}") from error
