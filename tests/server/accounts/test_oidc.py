"""Signing in with the company's own provider: roles follow groups, strangers stay outside."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client

from skuwise.server.accounts.actor import actor_of
from skuwise.server.accounts.models import User
from skuwise.server.accounts.oidc_settings import read_company, read_providers

pytestmark = pytest.mark.django_db
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _public_key() -> dict[str, str]:
    numbers = KEY.public_key().public_numbers()

    def coded(number: int) -> str:
        return base64.urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8, "big")).decode().rstrip("=")

    return {"kty": "RSA", "kid": "1", "alg": "RS256", "use": "sig", "n": coded(numbers.n), "e": coded(numbers.e)}


class _Provider(BaseHTTPRequestHandler):
    """A small OpenID provider: it believes whoever the test says signs in."""

    server: Any

    def do_GET(self) -> None:
        address = self.server.address
        told = {
            "/.well-known/openid-configuration": {
                "issuer": address,
                "authorization_endpoint": f"{address}/authorize",
                "token_endpoint": f"{address}/token",
                "userinfo_endpoint": f"{address}/userinfo",
                "jwks_uri": f"{address}/keys",
            },
            "/keys": {"keys": [_public_key()]},
            "/userinfo": self.server.person,
        }[urlsplit(self.path).path]
        self._answer(told)

    def do_POST(self) -> None:
        sent = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.server.seen.append(sent)
        now = int(time.time())
        claims = {"iss": self.server.address, "aud": "skuwise", "iat": now, "exp": now + 300, **self.server.person}
        token = jwt.encode(claims, KEY, algorithm="RS256", headers={"kid": "1"})
        self._answer({"access_token": "a", "token_type": "Bearer", "expires_in": 300, "id_token": token})

    def _answer(self, told: Any) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(told).encode())

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


@pytest.fixture
def provider(tmp_path: Path, settings: Any) -> Iterator[Any]:
    server: Any = HTTPServer(("127.0.0.1", 0), _Provider)
    server.address, server.seen = f"http://127.0.0.1:{server.server_port}", []
    Thread(target=server.serve_forever, daemon=True).start()
    file = tmp_path / "oidc.json"
    file.write_text(
        json.dumps(
            {
                "id": "company", "name": "Company", "server_url": server.address, "client_id": "skuwise",
                "client_secret": "s",
                "grants": {"planners": [{"role": "planner", "brand": "Alder"}], "boss": [{"role": "approver"}]},
            }
        )
    )  # fmt: skip
    settings.SOCIALACCOUNT_PROVIDERS = read_providers(str(file))
    settings.SKUWISE_OIDC = read_company(str(file))
    yield server
    server.shutdown()
    server.server_close()


def _sign_in(provider: Any, groups: list[str], name: str = "pat", subject: str = "1") -> tuple[Client, Any]:
    provider.person = {"sub": subject, "preferred_username": name, "email": f"{name}@example.com", "groups": groups}
    client = Client()
    begun = client.post("/sign-in/with/company/begin")
    assert begun.status_code == 302, begun.content
    asked = parse_qs(urlsplit(begun.url).query)
    assert asked["code_challenge_method"] == ["S256"]
    return client, client.get("/sign-in/with/company/back", {"code": "c", "state": asked["state"][0]})


def test_roles_follow_the_groups_at_each_sign_in(provider: Any) -> None:
    client, answer = _sign_in(provider, ["planners"])
    assert (answer.status_code, answer.url) == (302, "/")
    assert client.get("/api/v1/me").json()["grants"] == [{"role": "planner", "brand": "Alder", "channel_id": ""}]
    _sign_in(provider, ["boss"])
    assert [grant.role for grant in actor_of(User.objects.get()).grants] == ["approver"]
    assert provider.seen[0]["code_verifier"]


def test_who_is_in_no_group_and_who_takes_a_name_that_is_here_stays_outside(provider: Any) -> None:
    client, _ = _sign_in(provider, ["others"])
    assert not User.objects.exists()
    assert client.get("/api/v1/me").status_code == 401
    User.objects.create_user("maya", password="correct horse battery")
    client, answer = _sign_in(provider, ["planners"], name="maya", subject="2")
    assert answer.status_code == 401
    assert client.get("/api/v1/me").status_code == 401


def test_a_file_that_cannot_be_used_says_what_it_lacks(tmp_path: Path) -> None:
    file = tmp_path / "oidc.json"
    for content, what in (("{", "cannot be read"), ('{"id": "x"}', "lacks name, server_url, client_id")):
        file.write_text(content)
        with pytest.raises(ValueError, match=what):
            read_company(str(file))
    assert read_providers("") == {}
