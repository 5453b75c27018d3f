"""Every address of the server: the API, what machines ask of its health, sign-in."""

from __future__ import annotations

urlpatterns: list[object] = []
