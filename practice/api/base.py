"""What every resource of the API has in common: scope, roles, known parameters, ETags, idempotent writes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from django_filters import MultipleChoiceFilter
from rest_framework import exceptions, serializers, status
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from practice import idempotency, present
from practice.access import AUDITORS, EVERYONE, access_client, access_one, check_role, visible_to
from practice.api.bodies import In, NothingIn, Out, RecordOut
from practice.api.filters import Filters
from practice.api.negotiation import ByHeader
from practice.api.pagination import CursorPages
from practice.api.parsing import PlainJsonParser
from practice.errors import DomainError, Invalid, Stale
from practice.models import Client, User

__all__ = ["In", "NothingIn", "Out", "RecordOut", "Resource"]

M = TypeVar("M", bound=models.Model)

LONGEST_KEY = 200


class PreconditionRequired(DomainError):
    status = 428
    code = "precondition_required"
    message = _("Send If-Match with the ETag of the record that you read.")


class BadKey(Invalid):
    code = "bad_idempotency_key"
    message = _("An idempotency key has 1 to 200 characters.")


class Resource(ListModelMixin, RetrieveModelMixin, GenericViewSet[Any]):
    """A scoped resource. Every action must be named in `permitted`, or it answers 405.

    `client` is the path from a row to its client ("pk" for clients, None for rows about no client).
    Of the roles that are permitted, those in `full_for` read `out`, the others `brief`.
    """

    queryset: models.QuerySet[Any]
    permitted: ClassVar[Mapping[str, frozenset[Any]]]
    client: ClassVar[str | None]
    out: ClassVar[type[serializers.BaseSerializer[Any]]]
    brief: ClassVar[type[serializers.BaseSerializer[Any]]] = RecordOut
    full_for: ClassVar[frozenset[Any] | None] = None
    ordering: ClassVar[tuple[str, ...]] = ("pk",)
    query_params: ClassVar[frozenset[str]] = frozenset()
    permission_classes = (IsAuthenticated,)
    parser_classes = (PlainJsonParser,)
    filter_backends = (Filters,)
    content_negotiation_class = ByHeader
    lookup_value_regex = "[0-9]{1,18}"

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.now: datetime = present.now()
        if self.action not in self.permitted:
            raise exceptions.MethodNotAllowed(request.method or "")
        check_role(self.user, self.permitted[self.action])
        self._check_query_params(request)

    def get_authenticate_header(self, request: Request) -> str:
        """Nobody signed in is 401, though the session, which comes first, has no challenge of its own."""
        challenges = (each.authenticate_header(request) for each in self.get_authenticators())
        return next(filter(None, challenges))

    @property
    def allowed_methods(self) -> list[str]:
        return [method.upper() for method, action in self.action_map.items() if action in self.permitted]

    @property
    def user(self) -> User:
        user: User = self.request.user  # type: ignore[assignment]
        return user

    @property
    def sees_in_full(self) -> frozenset[Any]:
        """The roles that read `out`; by default not the auditors, when the rows are about clients."""
        if self.full_for is not None:
            return self.full_for
        return EVERYONE if self.client is None else EVERYONE - AUDITORS

    @property
    def roles(self) -> frozenset[Any]:
        """The roles that count for this action: who reads in full reads about the clients of that role."""
        permitted = self.permitted[self.action]
        in_full = permitted & self.sees_in_full
        return in_full if self.user.has_role(*in_full) else permitted

    def get_queryset(self) -> models.QuerySet[Any]:
        if getattr(self, "swagger_fake_view", False):
            return self.queryset.none()
        rows = super().get_queryset()
        if self.get_serializer_class() is not self.out:
            rows = rows.prefetch_related(None)
        return visible_to(self.user, rows, client=self.client, roles=self.roles)

    def get_serializer_class(self) -> type[serializers.BaseSerializer[Any]]:
        if getattr(self, "swagger_fake_view", False) or self.user.has_role(*self.roles & self.sees_in_full):
            return self.out
        return self.brief

    def filter_queryset(self, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        filtered: models.QuerySet[Any] = super().filter_queryset(queryset)
        return filtered.order_by(*self.ordering)

    @property
    def paginator(self) -> CursorPages:
        if not hasattr(self, "_pages"):
            self._pages = CursorPages()
            self._pages.ordering = self.ordering
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
        body = serializer(data=self.request.data, partial=partial, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        data: dict[str, Any] = body.validated_data
        return data

    def access_client(self, client_id: int, *, pointer: str | None = "/client") -> Client:
        """The client that a body or an address names, if the roles of this action reach them."""
        return access_client(self.user, client_id, roles=self.roles, pointer=pointer)

    def access(self, rows: models.QuerySet[M], pk: int, pointer: str) -> M:
        """The row about no client that a body names."""
        return access_one(rows, pk, pointer)

    def revision(self) -> int:
        """The revision that the caller read, from If-Match."""
        header = self.request.headers.get("If-Match", "").strip()
        if not header:
            raise PreconditionRequired(pointer="/headers/If-Match")
        tag = header.removeprefix("W/").strip('"')
        if not (tag.isascii() and tag.isdigit() and len(tag) < 10):
            raise Stale(pointer="/headers/If-Match")
        return int(tag)

    def revision_if_sent(self) -> int | None:
        """For commands, which say what is to happen and need not know what is there: checked when sent."""
        header = self.request.headers.get("If-Match", "").strip()
        return self.revision() if header not in ("", "*") else None

    def write(
        self,
        use_case: Callable[[], Any],
        *,
        status_code: int = status.HTTP_200_OK,
        out: type[serializers.BaseSerializer[Any]] | None = None,
    ) -> Response:
        """Run a door and answer with its result; with an Idempotency-Key, once."""
        shown = out or self.get_serializer_class()
        rendered: list[idempotency.Answer] = []

        def render(result: Any) -> idempotency.Answer:
            body = None
            if result is not None:
                data = shown(result, context=self.get_serializer_context()).data
                body = json.loads(JSONRenderer().render(data))
            rendered.append(idempotency.Answer(status_code, body))
            return rendered[-1]

        claim = self._claim(render)
        if claim is None:
            return self._response(render(use_case()))
        try:
            with idempotency.claiming(claim):
                result = use_case()
        except idempotency.Replay as replay:
            return self._response(replay.answer, {"Idempotency-Replayed": "true"})
        return self._response(rendered[-1] if rendered else render(result))

    def _claim(self, render: Callable[[Any], idempotency.Answer]) -> idempotency.Claim | None:
        key = self.request.headers.get("Idempotency-Key")
        if key is None:
            return None
        if not 1 <= len(key) <= LONGEST_KEY:
            raise BadKey(pointer="/headers/Idempotency-Key")
        body = json.dumps(self.request.data, sort_keys=True).encode()
        return idempotency.Claim(
            user_id=self.user.pk,
            key=key,
            request_hash=idempotency.hash_request(self.request.method or "", self.request.path, body),
            render=render,
            now=self.now,
        )

    def _response(self, answer: idempotency.Answer, headers: Mapping[str, str] | None = None) -> Response:
        headers = dict(headers or {})
        if self.action == "create" and isinstance(answer.body, Mapping) and "id" in answer.body:
            headers["Location"] = f"{self.request.path}/{answer.body['id']}"
        return Response(answer.body, status=answer.status, headers=headers)

    def _check_query_params(self, request: Request) -> None:
        known, repeatable = set(self.query_params), set()
        if self.action == "list":
            filterset = getattr(self, "filterset_class", None)
            filters = filterset.base_filters if filterset else {}
            known |= CursorPages.query_params | set(filters)
            repeatable = {name for name, each in filters.items() if isinstance(each, MultipleChoiceFilter)}
        wrong = {}
        for name, values in request.query_params.lists():
            if name not in known:
                wrong[name] = (_("There is no parameter of this name."), "unknown_parameter")
            elif len(values) > 1 and name not in repeatable:
                wrong[name] = (_("This parameter is given twice."), "duplicate_parameter")
            elif not all(value.strip() for value in values):
                wrong[name] = (_("Give a value, or leave the parameter out."), "empty_parameter")
        if wrong:
            raise exceptions.ValidationError(
                {
                    "query": {
                        name: [exceptions.ErrorDetail(gettext(text), code)]
                        for name, (text, code) in wrong.items()
                    }
                }
            )
