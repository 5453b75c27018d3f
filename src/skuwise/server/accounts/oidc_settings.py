"""The company's own sign-in (OpenID Connect) as one JSON file names it. Read before Django is ready.

{"id": "company", "name": "Company", "server_url": "https://id.example.com", "client_id": "skuwise",
 "client_secret": "…", "username_claim": "preferred_username", "groups_claim": "groups",
 "grants": {"planners": [{"role": "planner", "brand": "Alder"}]}, "grants_of_everyone": []}
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

NEEDED = ("id", "name", "server_url", "client_id")


def read_company(path: str) -> dict[str, Any]:
    """The file's content, empty where none is named. Raises ``ValueError`` for one that cannot be used."""
    if not path:
        return {}
    try:
        told: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"SKUWISE_OIDC names {path}, which cannot be read: {error}") from error
    missing = [name for name in NEEDED if not told.get(name)]
    if missing:
        raise ValueError(f"{path} lacks {', '.join(missing)}")
    return told


def read_providers(path: str) -> dict[str, Any]:
    """The same in the words of allauth; the secret may come from ``SKUWISE_OIDC_SECRET`` instead."""
    told = read_company(path)
    if not told:
        return {}
    secret = os.environ.get("SKUWISE_OIDC_SECRET") or told.get("client_secret", "")
    app = {
        "provider_id": told["id"],
        "name": told["name"],
        "client_id": told["client_id"],
        "secret": secret,
        "settings": {"server_url": told["server_url"], "token_auth_method": "client_secret_post"},
    }
    return {"openid_connect": {"APPS": [app], "OAUTH_PKCE_ENABLED": True}}
