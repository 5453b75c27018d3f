"""What the server is told by its surroundings: where its data are, which database, which secret, who may connect."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_data_path

SECRET_FILE = "secret.key"
DATABASE_FILE = "skuwise.sqlite3"


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """The settings that a person chooses; every other follows from them.

    - data_folder: the database (SQLite), plans, imported files and the secret key live here.
    - database_url: blank for SQLite in the data folder, or ``postgresql://user:password@host:port/name``.
    - hosts: names under which the server may be asked; the loopback names by default.
    - behind_tls: the server is reached through HTTPS, so cookies are sent over it alone.
    - time_zone: the zone of the nightly plan and of times on screen.
    - nightly_plan_at: time of day of the nightly plan as ``HH:MM``, blank for none.
    - oidc: path of a JSON file that names the providers for sign-in by OpenID Connect, blank for none.
    """

    data_folder: Path
    database_url: str
    secret_key: str
    hosts: tuple[str, ...]
    behind_tls: bool
    time_zone: str
    nightly_plan_at: str
    oidc: str

    @property
    def is_postgresql(self) -> bool:
        return self.database_url.startswith(("postgresql://", "postgres://"))


def read_config(environment: Mapping[str, str] | None = None) -> ServerConfig:
    """The configuration of the environment variables ``SKUWISE_*``; the data folder and its secret are made if absent.

    Raises ``ValueError`` for a database URL that is neither blank nor PostgreSQL's.
    """
    given = os.environ if environment is None else environment
    folder = Path(given.get("SKUWISE_DATA") or user_data_path("skuwise")).expanduser().absolute()
    folder.mkdir(parents=True, exist_ok=True)
    url = given.get("SKUWISE_DATABASE_URL", "")
    if url and not url.startswith(("postgresql://", "postgres://")):
        raise ValueError(
            f"SKUWISE_DATABASE_URL begins with {url.split(':')[0]!r}: leave it blank for SQLite in {folder}, or give "
            "postgresql://user:password@host:port/name"
        )
    return ServerConfig(
        data_folder=folder,
        database_url=url,
        secret_key=given.get("SKUWISE_SECRET_KEY") or _kept_secret(folder / SECRET_FILE),
        hosts=tuple(given.get("SKUWISE_HOSTS", "localhost,127.0.0.1,[::1]").split(",")),
        behind_tls=given.get("SKUWISE_BEHIND_TLS", "") == "1",
        time_zone=given.get("SKUWISE_TIME_ZONE", "UTC"),
        nightly_plan_at=given.get("SKUWISE_NIGHTLY_PLAN_AT", "03:00"),
        oidc=given.get("SKUWISE_OIDC", ""),
    )


def _kept_secret(file: Path) -> str:
    """The secret of this data folder, drawn once and readable by its owner alone."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file.read_text(encoding="ascii").strip()
    with os.fdopen(descriptor, "w", encoding="ascii") as handle:
        secret = secrets.token_urlsafe(64)
        handle.write(secret)
    return secret
