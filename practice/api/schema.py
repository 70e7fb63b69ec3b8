"""What the API document says of every operation without being told: roles, headers, problems."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.serializers import PolymorphicProxySerializerExtension
from drf_spectacular.utils import Direction, OpenApiParameter, PolymorphicProxySerializer
from rest_framework import serializers

from practice.api.base import In, Resource

PROBLEM = "application/problem+json"
ALWAYS = {
    400: "A parameter, header or field is wrong; `errors` has each with its place.",
    401: "Nobody is signed in.",
    403: "The caller's roles do not allow this.",
    406: "Only JSON is written here.",
    429: "Too many requests; Retry-After says when to come back.",
    503: "The database is busy; Retry-After says when to repeat.",
}
ONE_RECORD = {404: "There is no such record, or it is outside what the caller may see."}
BODY = {
    404: "The address or the body names a record that is missing, or outside what the caller may see.",
    409: "A rule says no; `blockers` has every reason.",
    413: "The body is too large.",
    415: "Only JSON is read here.",
}
KEYED = {422: "The idempotency key was used with another request."}
CONDITIONAL = {
    412: "The record has changed since it was read; nothing was written.",
    428: "If-Match is missing.",
}

IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    required=True,
    description="The ETag of the record as it was read.",
)
IF_MATCH_IF_SENT = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description="The ETag of the record as it was read. When it is sent, another revision is refused.",
)
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 200},
    OpenApiParameter.HEADER,
    description="A repeat of the same request with the same key within a day gets the first answer.",
)
ETAG = OpenApiParameter(
    "ETag", str, OpenApiParameter.HEADER, response=["200", "201"], description="The record's revision."
)
REPLAYED = OpenApiParameter(
    "Idempotency-Replayed",
    {"type": "string", "enum": ["true"]},
    OpenApiParameter.HEADER,
    response=["200", "201", "204"],
    description="This is the answer to the first request with this key.",
)
LOCATION = OpenApiParameter(
    "Location", str, OpenApiParameter.HEADER, response=["201"], description="The address of the new record."
)
LINK = OpenApiParameter(
    "Link", str, OpenApiParameter.HEADER, response=["200"], description="The next and the previous page."
)


class ReasonOut(serializers.Serializer[Any]):
    pointer = serializers.CharField(
        allow_blank=True,
        help_text="JSON pointer into the body; /query/… and /headers/… for the other parts of the request.",
    )
    code = serializers.CharField()
    detail = serializers.CharField()


class BlockerOfProblemOut(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField()
    params = serializers.DictField()


class Problem(serializers.Serializer[Any]):
    """What went wrong (RFC 9457). `code` keeps its meaning; `detail` is for people, in their language."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    errors = ReasonOut(many=True, required=False)  # type: ignore[assignment]
    blockers = BlockerOfProblemOut(many=True, required=False)
    alternatives = serializers.ListField(child=serializers.JSONField(), required=False)


class FullOrBrief(PolymorphicProxySerializer):
    """What is read depends on the roles of the reader; an answer may fit both."""


class FullOrBriefSchema(PolymorphicProxySerializerExtension):
    target_class = "practice.api.schema.FullOrBrief"

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        return {"anyOf": super().map_serializer(auto_schema, direction)["oneOf"]}


class ApiSchema(AutoSchema):
    """Set as the default for all views; those that are no `Resource` get the problems alone."""

    @property
    def resource(self) -> Resource | None:
        return self.view if isinstance(self.view, Resource) else None

    def is_excluded(self) -> bool:
        return self.resource is not None and self.resource.action not in self.resource.permitted

    def get_description(self) -> str:  # type: ignore[override]
        resource = self.resource
        if resource is None:
            return str(super().get_description())
        action = getattr(resource, resource.action).__doc__ if resource.action in vars(type(resource)) else ""
        roles = ", ".join(sorted(role.value for role in resource.permitted[resource.action]))
        parts = [*(text.strip() for text in (action or "", type(resource).__doc__ or "")), f"Roles: {roles}."]
        return "\n\n".join(part for part in parts if part)

    def get_override_parameters(self) -> list[Any]:
        parameters: list[Any] = [*super().get_override_parameters()]
        if self.method == "POST":
            parameters += [IDEMPOTENCY_KEY, REPLAYED]
        if self.method in {"PATCH", "DELETE"}:
            parameters.append(IF_MATCH)
        if self._is_create_operation():
            parameters.append(LOCATION)
        if self.method == "GET" and self._is_list_view():
            parameters.append(LINK)
        elif self._shows_revision():
            parameters.append(ETAG)
        return parameters

    def get_response_serializers(self) -> Any:
        resource = self.resource
        if resource is None or resource.action not in {"list", "retrieve"}:
            return super().get_response_serializers()
        if resource.permitted[resource.action] <= resource.sees_in_full:
            return resource.out
        either: list[Any] = [resource.out, resource.brief]
        return FullOrBrief(
            component_name=f"{_name(resource.out)}OrLess",
            serializers=either,
            resource_type_field_name=None,
        )

    def get_serializer_name(self, serializer: serializers.Serializer[Any], direction: Direction) -> str:
        return _name(type(serializer))

    def _map_serializer(self, serializer: Any, direction: Direction, bypass_extensions: bool = False) -> Any:
        schema = super()._map_serializer(serializer, direction, bypass_extensions)
        if isinstance(serializer, In):
            schema["additionalProperties"] = False
        return schema

    def _get_response_bodies(self, direction: Direction = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        for code, description in self._problems().items():
            if str(code) not in bodies:
                bodies[str(code)] = self._get_response_for_code(Problem, str(code), [PROBLEM], direction)
                bodies[str(code)]["description"] = description
        return dict(sorted(bodies.items()))

    def _problems(self) -> Mapping[int, str]:
        problems = dict(ALWAYS)
        if "{" in self.path:
            problems |= ONE_RECORD
        if self.method in {"POST", "PATCH", "PUT", "DELETE"}:
            problems |= BODY
        if self.method == "POST":
            problems |= KEYED
        if self.method in {"PATCH", "DELETE"}:
            problems |= CONDITIONAL
        return problems

    def _shows_revision(self) -> bool:
        resource = self.resource
        out = resource.out if resource else None
        return self.method != "DELETE" and out is not None and "revision" in getattr(out(), "fields", {})


def _name(serializer: type[Any]) -> str:
    return serializer.__name__.removesuffix("Out").removesuffix("In")
