"""Courses on hold after an adverse event, and the nurses whom prescribers name."""

from __future__ import annotations

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from practice import access
from practice.api.base import In, NothingIn, Out, Resource
from practice.api.fields import ChoiceOf, IdField, TextField
from practice.api.filters import IdFilter, TruthFilter
from practice.models import User
from treatment_plans.dosing import course_holds
from treatment_plans.models import CourseHold, Delegate, TreatmentPlan


class ReleaseIn(In):
    disposition = ChoiceOf(model=CourseHold, of="disposition")
    note = TextField(max_length=4000)


class DelegateIn(In):
    plan = IdField()
    nurse = IdField(help_text="A user with the role of a nurse.")


class CourseHoldOut(Out[CourseHold]):
    class Meta:
        model = CourseHold
        fields = (
            "id",
            "plan",
            "event",
            "raised_at",
            "released_at",
            "released_by",
            "disposition",
            "note",
            "revision",
        )


class DelegateOut(Out[Delegate]):
    class Meta:
        model = Delegate
        fields = ("id", "plan", "nurse", "named_by", "named_at", "ended_at", "revision")


class CourseHoldFilter(django_filters.FilterSet):
    client = IdFilter("plan__client")
    plan = IdFilter("plan")
    is_open = TruthFilter(method="still_open", help_text="Not yet released.")

    class Meta:
        model = CourseHold
        fields: tuple[str, ...] = ()

    def still_open(self, queryset: QuerySet[CourseHold], name: str, value: bool) -> QuerySet[CourseHold]:
        return queryset.filter(released_at__isnull=value)


class DelegateFilter(django_filters.FilterSet):
    client = IdFilter("plan__client")
    plan = IdFilter("plan")

    class Meta:
        model = Delegate
        fields: tuple[str, ...] = ()


@extend_schema_view(
    list=extend_schema(summary="List holds of courses, the latest first"),
    retrieve=extend_schema(summary="Read a hold of a course"),
)
class CourseHoldViews(Resource):
    """While one is open no dose of the plan is booked or given; other sessions go on."""

    queryset = CourseHold.objects.select_related("plan")
    client = "plan__client"
    out = CourseHoldOut
    filterset_class = CourseHoldFilter
    ordering = ("-raised_at", "-pk")
    permitted = {
        "list": access.READS_MEDICAL,
        "retrieve": access.CLINICAL,
        "release": access.PRESCRIBING,
    }

    @extend_schema(summary="Let the course go on", request=ReleaseIn)
    @action(detail=True, methods=["post"])
    def release(self, request: Request, pk: str) -> Response:
        body, hold = self.valid(ReleaseIn), self.get_object()
        return self.write(lambda: course_holds.release(hold.pk, **body, actor=self.user, now=self.now))


@extend_schema_view(
    list=extend_schema(summary="List delegates, the latest first"),
    retrieve=extend_schema(summary="Read a delegate"),
    create=extend_schema(summary="Name a nurse for a plan", request=DelegateIn, responses={201: DelegateOut}),
)
class DelegateViews(Resource):
    """Nurses who may sign "cleared" for a plan, where its protocol lets a nurse."""

    queryset = Delegate.objects.select_related("plan")
    client = "plan__client"
    out = DelegateOut
    filterset_class = DelegateFilter
    ordering = ("-named_at", "-pk")
    permitted = {
        "list": access.READS_MEDICAL,
        "retrieve": access.CLINICAL,
        "create": access.PRESCRIBING,
        "end": access.PRESCRIBING,
    }

    def create(self, request: Request) -> Response:
        body = self.valid(DelegateIn)
        plans = access.visible_to(self.user, TreatmentPlan.objects.all(), client="client", roles=self.roles)
        plan = access.access_one(plans, body["plan"], "/plan")
        nurse = self.access(User.objects.all(), body["nurse"], "/nurse")
        return self.write(
            lambda: course_holds.name_delegate(plan, nurse, actor=self.user, now=self.now), status_code=201
        )

    @extend_schema(summary="A nurse is no longer named", request=None)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: str) -> Response:
        self.valid(NothingIn)
        delegate = self.get_object()
        return self.write(lambda: course_holds.end_delegate(delegate.pk, actor=self.user, now=self.now))
