"""What every resource of the API has in common: scope, roles, known parameters, ETags, idempotent writes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_noop as _
from rest_framework import serializers, status
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from practice import idempotency, present
from practice.access import check_role, visible_to
from practice.api.pagination import CursorPages
from practice.errors import DomainError, Invalid, Stale
from practice.models import User


class UnknownParameters(Invalid):
    code = "unknown_parameter"
    message = _("There is no parameter of this name: %(names)s.")


class PreconditionRequired(DomainError):
    status = 428
    code = "precondition_required"
    message = _("Send If-Match with the ETag of the record that you read.")


class Resource(ListModelMixin, RetrieveModelMixin, GenericViewSet[Any]):
    """A scoped resource. Every action must be named in `permitted`, or it answers 405.

    `client` is the path from a row to its client ("pk" for clients, None for rows about no client).
    """

    queryset: models.QuerySet[Any]
    permitted: ClassVar[Mapping[str, frozenset[Any]]]
    client: ClassVar[str | None]
    out: ClassVar[type[serializers.BaseSerializer[Any]]]
    ordering: ClassVar[tuple[str, ...]] = ("pk",)
    query_params: ClassVar[frozenset[str]] = frozenset()
    permission_classes = (IsAuthenticated,)
    lookup_value_regex = "[0-9]{1,18}"

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.now: datetime = present.now()
        if self.action not in self.permitted:
            raise MethodNotAllowed(request.method or "")
        check_role(self.user, self.permitted[self.action])
        self._check_query_params(request)

    @property
    def user(self) -> User:
        user: User = self.request.user  # type: ignore[assignment]
        return user

    def get_queryset(self) -> models.QuerySet[Any]:
        if getattr(self, "swagger_fake_view", False):
            return self.queryset.none()
        return visible_to(self.user, super().get_queryset(), client=self.client)

    def get_serializer_class(self) -> type[serializers.BaseSerializer[Any]]:
        return self.out

    def filter_queryset(self, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        filtered: models.QuerySet[Any] = super().filter_queryset(queryset)
        return filtered.order_by(*self.ordering)

    @property
    def paginator(self) -> CursorPages:
        if not hasattr(self, "_pages"):
            self._pages = CursorPages()
            self._pages.ordering = self.ordering  # type: ignore[assignment]
        return self._pages

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        done = super().finalize_response(request, response, *args, **kwargs)
        done.setdefault("Cache-Control", "no-store")
        if isinstance(response.data, Mapping) and "revision" in response.data:
            done.setdefault("ETag", f'"{response.data["revision"]}"')
        return done

    def valid(
        self, serializer: type[serializers.Serializer[Any]], *, partial: bool = False
    ) -> dict[str, Any]:
        """The validated body; raises with every field's reasons, unknown fields among them."""
        body = serializer(data=self.request.data, partial=partial)
        body.is_valid(raise_exception=True)
        data: dict[str, Any] = body.validated_data
        return data

    def revision(self) -> int:
        """The revision that the caller read, from If-Match."""
        header = self.request.headers.get("If-Match", "")
        if not header:
            raise PreconditionRequired
        tag = header.strip().removeprefix("W/").strip('"')
        if not tag.isdecimal():
            raise Stale
        return int(tag)

    def write(
        self,
        use_case: Callable[[], Any],
        *,
        status_code: int = status.HTTP_200_OK,
        out: type[serializers.BaseSerializer[Any]] | None = None,
    ) -> Response:
        """Run a door and answer with its result; with an Idempotency-Key, once."""

        def render(result: Any) -> idempotency.Answer:
            body = (
                None
                if result is None
                else (out or self.out)(result, context=self.get_serializer_context()).data
            )
            return idempotency.Answer(
                status_code, json.loads(JSONRenderer().render(body)) if body is not None else None
            )

        key = self.request.headers.get("Idempotency-Key", "")
        if not key:
            answer = render(use_case())
            return Response(answer.body, status=answer.status)
        if len(key) > 200:
            raise Invalid(_("The idempotency key is too long."), pointer="/headers/Idempotency-Key")
        claim = idempotency.Claim(
            user_id=self.user.pk,
            key=key,
            request_hash=idempotency.hash_request(
                self.request.method or "",
                self.request.path,
                json.dumps(self.request.data, sort_keys=True, default=str).encode(),
            ),
            render=render,
            now=self.now,
        )
        try:
            with idempotency.claiming(claim):
                answer = render(use_case())
        except idempotency.Replay as replay:
            return Response(
                replay.answer.body, status=replay.answer.status, headers={"Idempotency-Replayed": "true"}
            )
        return Response(answer.body, status=answer.status)

    def _check_query_params(self, request: Request) -> None:
        known = set(self.query_params)
        if self.action == "list":
            known |= CursorPages.query_params
            filterset = getattr(self, "filterset_class", None)
            if filterset is not None:
                known |= set(filterset.base_filters)
        unknown = sorted(set(request.query_params) - known - {"format"})
        if unknown:
            raise UnknownParameters(
                params={"names": ", ".join(unknown)[:200]}, pointer=f"/query/{unknown[0][:60]}"
            )


class In(serializers.Serializer[Any]):
    """A body: its shape only. A field that it does not have is refused, not ignored."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = sorted(set(map(str, data)) - set(self.fields))
            if unknown:
                raise serializers.ValidationError(
                    {
                        name: serializers.ErrorDetail(str(_UNKNOWN_FIELD), code="unknown_field")
                        for name in unknown
                    }
                )
        return super().to_internal_value(data)


_UNKNOWN_FIELD = _("There is no field of this name.")
