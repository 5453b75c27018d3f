"""Who gets in, by which door, and with what."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from skuwise.server.accounts import people
from skuwise.server.accounts.actor import SYSTEM, HeldGrant, actor_of
from skuwise.server.accounts.keys import actor_of_key, create_key, revoke_key
from skuwise.server.accounts.models import ApiKey, Grant, Role, User
from skuwise.server.accounts.permissions import ALLOWED, PERMISSIONS
from skuwise.server.audit.models import AuditEntry
from skuwise.server.errors import NotAllowedError, RefusedError

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


def _person(name: str, role: str = "planner", brand: str = "") -> User:
    user = User.objects.create_user(name, password=PASSWORD)
    Grant.objects.create(user=user, role=role, brand=brand)
    return user


def test_the_first_person_makes_an_account_by_a_link_that_works_once() -> None:
    token, client = people.first_run_token(), Client()
    page = client.get(f"/welcome/{token}")
    assert page.status_code == 200
    told = {"username": "maya", "password": PASSWORD, "password_again": "another one here"}
    assert "differ" in client.post(f"/welcome/{token}", told).content.decode()
    assert (
        "too short"
        in client.post(
            f"/welcome/{token}", told | dict.fromkeys(("password", "password_again"), "short")
        ).content.decode()
    )
    done = client.post(f"/welcome/{token}", told | {"password_again": PASSWORD})
    assert (done.status_code, done.url) == (302, "/")
    assert actor_of(User.objects.get()).may("administer")
    assert people.first_run_token() is None
    again = Client().post(f"/welcome/{token}", {"username": "eve", "password": PASSWORD, "password_again": PASSWORD})
    assert "has been used" in again.content.decode()
    assert User.objects.count() == 1
    assert "not valid" in Client().post("/welcome/forged", told | {"password_again": PASSWORD}).content.decode()


def test_signing_in_goes_where_it_was_wanted_and_never_to_another_site() -> None:
    _person("pat")
    told = {"username": "pat", "password": PASSWORD}
    assert Client().post("/sign-in?next=/orders", told).url == "/orders"
    assert Client().post("/sign-in?next=https://evil.example/", told | {"next": "https://evil.example/"}).url == "/"
    assert Client().get("/orders").url.startswith("/sign-in?next=")


def test_too_many_wrong_passwords_close_the_door_in_the_same_words_for_every_name() -> None:
    _person("pat")
    words = []
    for name in ("pat", "nobody"):
        client = Client()
        for _ in range(8):
            answer = client.post("/sign-in", {"username": name, "password": "wrong"})
        words.append((answer.status_code, answer.content))
        assert client.post("/sign-in", {"username": name, "password": PASSWORD}).status_code == 429
    assert words[0] == words[1]
    assert words[0][0] == 429


def test_an_invited_person_chooses_a_password_and_a_reset_ends_every_session() -> None:
    _person("admin", "admin")
    admin = actor_of(User.objects.get(username="admin"))
    user, token = people.invite(admin, "pat", [HeldGrant("planner", "Alder")])
    client = Client()
    assert client.post("/sign-in", {"username": "pat", "password": ""}).status_code == 200
    told = {"password": PASSWORD, "password_again": PASSWORD}
    assert client.post(f"/password/{token}", told).url == "/"
    assert client.get("/api/v1/me").json()["grants"] == [{"role": "planner", "brand": "Alder", "channel_id": ""}]
    assert "used" in Client().post(f"/password/{token}", told).content.decode()
    reset = people.reset_link(admin, "pat")
    Client().post(f"/password/{reset}", dict.fromkeys(told, "another good password"))
    assert client.get("/api/v1/me").status_code == 401
    assert user.pk


def test_there_is_always_an_administrator_left() -> None:
    _person("admin", "admin")
    admin = actor_of(User.objects.get())
    for attempt in (
        lambda: people.set_grants(admin, "admin", [HeldGrant("admin", brand="Alder")]),
        lambda: people.set_active(admin, "admin", False),
    ):
        with pytest.raises(RefusedError, match="nobody could administer"):
            attempt()
    assert actor_of(User.objects.get()).may("administer")
    _person("second", "admin")
    people.set_active(admin, "admin", False, "has left")
    assert AuditEntry.objects.last().reason == "has left"
    with pytest.raises(NotAllowedError):
        people.invite(actor_of(_person("pat")), "eve", [])


def test_a_key_is_shown_once_and_dies_with_its_time_its_revocation_or_its_owner() -> None:
    _person("admin", "admin")
    owner = _person("pat")
    actor = actor_of(owner)
    key, secret = create_key(actor, "nightly", ["look"], timezone.now() + timedelta(days=1))
    assert secret not in str(ApiKey.objects.values())
    found = actor_of_key(secret)
    assert (found.name, found.may("look"), found.may("plan")) == ("pat (nightly)", True, False)
    assert actor_of_key(secret[:-1] + "x") is None
    assert actor_of_key("skw_") is None
    ApiKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert actor_of_key(secret) is None
    ApiKey.objects.update(expires_at=None)
    revoke_key(actor, key.prefix)
    assert actor_of_key(secret) is None
    _, second = create_key(actor, "another")
    people.set_active(SYSTEM, "pat", False)
    assert actor_of_key(second) is None
    with pytest.raises(RefusedError, match="over at once"):
        create_key(SYSTEM, "old", owner=owner, expires_at=timezone.now() - timedelta(days=1))


def test_nothing_but_the_doors_is_open_to_strangers() -> None:
    for path in ("/", "/items", "/orders", "/api/v1/me", "/api/v1/items"):
        assert Client().get(path, REMOTE_ADDR="10.0.0.9").status_code in (302, 401), path
    assert Client().get("/metrics", REMOTE_ADDR="10.0.0.9").status_code == 403
    assert Client().get("/healthz").content == b"ok\n"
    told = Client().get("/sign-in")
    assert told.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "unsafe" not in told.headers["Content-Security-Policy"]


def test_a_write_by_session_needs_the_token_against_forgery() -> None:
    user = _person("pat")
    client = Client(enforce_csrf_checks=True)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/api/v1/me").status_code == 200
    answer = client.post("/api/v1/plan-runs", {}, content_type="application/json")
    assert answer.status_code == 403
    assert answer.json()["code"] == "API-CSRF"


def test_the_table_of_roles_in_the_documentation_is_true() -> None:
    page = (Path(__file__).parents[3] / "docs" / "server.md").read_text(encoding="utf-8")
    for name, words in PERMISSIONS.items():
        cells = " | ".join("yes" if name in ALLOWED[role] else "" for role in Role.values)
        assert f"| {name}: {words} | {cells} |" in page, name
