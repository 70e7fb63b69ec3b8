from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db.models import CharField, DateTimeField
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from practice import present
from practice.models import ApiToken, User
from practice.prepared import Param, Prepared


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def issue_token(user: User, *, name: str, now: datetime, lasts: timedelta = timedelta(days=90)) -> str:
    """A new token in plain text, shown once; 256 random bits."""
    token = f"qr_{secrets.token_urlsafe(32)}"
    ApiToken.objects.create(
        user=user, name=name, digest=digest(token), created_at=now, expires_at=now + lasts
    )
    return token


_KNOWN = Prepared(
    lambda: ApiToken.objects.select_related("user").filter(
        digest=Param("digest", CharField()), revoked_at=None, expires_at__gt=Param("now", DateTimeField())
    )
)


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer …` with a token of `manage.py api_token`."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != b"bearer":
            return None
        if len(words) != 2:
            raise AuthenticationFailed(_("The authorization header is malformed."))
        known = _KNOWN.objects(digest=digest(words[1].decode("latin-1")), now=present.now())
        token: ApiToken | None = next(known, None)
        if token is None or not token.user.is_active:
            raise AuthenticationFailed(_("This token is not valid."))
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


class StaffSession(SessionAuthentication):
    """The staff's own pages, with CSRF checks."""


class StaffSessionScheme(OpenApiAuthenticationExtension):
    target_class = StaffSession
    name = "session"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}
