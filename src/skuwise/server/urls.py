"""Every address of the server."""

from __future__ import annotations

from django.urls import include, path

from skuwise.server.accounts import views as door
from skuwise.server.api.main import api
from skuwise.server.operations import health

urlpatterns = [
    path("api/v1/", api.urls),
    path("healthz", health.alive, name="alive"),
    path("readyz", health.ready, name="ready"),
    path("metrics", health.metrics, name="metrics"),
    path("sign-in", door.SignIn.as_view(), name="sign-in"),
    path("sign-out", door.sign_out, name="sign-out"),
    path("welcome/<str:token>", door.first_run, name="first-run"),
    path("password/<str:token>", door.set_password, name="set-password"),
    path("sign-in/with/", include("skuwise.server.accounts.oidc_urls")),
    path("", include("skuwise.server.web.urls")),
]
