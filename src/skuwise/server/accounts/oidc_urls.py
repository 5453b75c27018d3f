"""Signing in with a provider of the company's own (OpenID Connect)."""

from __future__ import annotations

from allauth.socialaccount import views
from allauth.socialaccount.providers.openid_connect import views as oidc
from django.urls import path
from django.views.generic import RedirectView

to_sign_in = RedirectView.as_view(pattern_name="sign-in")

urlpatterns = [
    path("<str:provider_id>/begin", oidc.login, name="openid_connect_login"),
    path("<str:provider_id>/back", oidc.callback, name="openid_connect_callback"),
    path("cancelled", to_sign_in, name="socialaccount_login_cancelled"),
    path("failed", views.login_error, name="socialaccount_login_error"),
    path("closed", to_sign_in, name="socialaccount_signup"),
    path("", to_sign_in, name="account_login"),
    path("out", to_sign_in, name="account_logout"),
    path("up", to_sign_in, name="account_signup"),
    path("inactive", to_sign_in, name="account_inactive"),
]
