"""Programs that ask the API in tests: each a key of a person with one role."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client

from skuwise.server.accounts.actor import SYSTEM
from skuwise.server.accounts.keys import create_key
from skuwise.server.accounts.models import Grant, User


class Caller:
    """Asks with a key; answers as the test client gives them."""

    def __init__(self, role: str, brand: str = "", scopes: tuple[str, ...] = ()) -> None:
        user = User.objects.create(username=f"{role}-{brand or 'all'}-{User.objects.count()}")
        if role:
            Grant.objects.create(user=user, role=role, brand=brand)
        self.user = user
        self.secret = create_key(SYSTEM, "test", scopes, owner=user)[1]
        self.client = Client()

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.generic(
            method,
            f"/api/v1{path}",
            data=b"" if body is None else json.dumps(body, default=str),
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.secret}", **named},
        )

    def get(self, path: str) -> Any:
        return self.ask("GET", path)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.ask("POST", path, {} if body is None else body, **headers)
