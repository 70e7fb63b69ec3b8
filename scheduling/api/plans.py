"""How a plan goes on or ends: reviews, further doses in maintenance, and closing it with its bookings."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import (
    PolymorphicProxySerializer,
    extend_schema,
    extend_schema_field,
    extend_schema_view,
)
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from practice import access
from practice.api.base import In, NothingIn, Out, Resource
from practice.api.fields import ChoiceOf, IdField, LineField, TextField, TruthField
from practice.api.filters import IdFilter
from scheduling.api.moves import EffectOut, effects_data
from scheduling.care import release
from scheduling.care.release import Ending
from treatment_plans import plan_reviews
from treatment_plans.api.filters import OfClientFilter
from treatment_plans.api.serializers import PlannedSessionOut, PlanOut
from treatment_plans.models import PlannedSession, PlanReview, TreatmentPlan

ONLY_SHOW = "Only show what it would mean; nothing is written."


class ReviewIn(In):
    decision = ChoiceOf(model=PlanReview, of="decision")
    note = TextField(
        max_length=4000, required=False, allow_blank=True, help_text="Needed for all but to continue."
    )
    planned_session = IdField(required=False, help_text="The review session that this decision closes.")
    dry_run = TruthField(required=False, help_text=ONLY_SHOW)


class ReviewOut(Out[PlanReview]):
    client = serializers.IntegerField(source="plan.client_id", read_only=True)
    outcomes = serializers.ListField(
        child=serializers.DictField(),
        read_only=True,
        help_text="First and last score of each then.",
    )

    class Meta:
        model = PlanReview
        fields = (
            "id",
            "plan",
            "client",
            "planned_session",
            "decision",
            "note",
            "outcomes",
            "decided_by",
            "decided_at",
        )


class CloseIn(In):
    reason = LineField(max_length=200)
    dry_run = TruthField(required=False, help_text=ONLY_SHOW)


class EndingOut(serializers.Serializer[Ending]):
    plan = serializers.IntegerField(source="plan_id")
    revision = serializers.IntegerField(help_text="Of the plan as it is now: the ETag to send with it.")
    effects = serializers.SerializerMethodField(help_text="What it would mean, line by line.")

    @extend_schema_field(EffectOut(many=True))
    def get_effects(self, ending: Ending) -> Any:
        return effects_data(ending.effects, self.context)


class ReviewFilter(OfClientFilter):
    client = IdFilter("plan__client")
    plan = IdFilter()


@extend_schema_view(
    list=extend_schema(summary="List reviews of plans, the latest first"),
    retrieve=extend_schema(summary="Read a review"),
)
class PlanReviewViews(Resource):
    queryset = PlanReview.objects.select_related("plan")
    client = "plan__client"
    out = ReviewOut
    filterset_class = ReviewFilter
    ordering = ("-decided_at", "-pk")
    permitted = {"list": access.READS_MEDICAL, "retrieve": access.READS_MEDICAL - access.AUDITORS}


class PlanEndViews(Resource):
    queryset = TreatmentPlan.objects.all()
    client = "client"
    out = PlanOut
    permitted = {
        "review": access.DECIDES_MEDICAL,
        "add_dose": access.PLANS_COURSES,
        "close": access.PLANS_COURSES,
    }

    @extend_schema(
        summary="Decide how a plan goes on", request=ReviewIn, responses={200: EndingOut, 201: ReviewOut}
    )
    def review(self, request: Request, pk: str) -> Response:
        """In the prescriber's own name, with the scores as they stand.

        A paused plan gives no dose. To stop closes the plan, and what is booked for it is cancelled. With
        `dry_run` only what it would mean.
        """
        body, plan = self.valid(ReviewIn), self.get_object()
        signer = access.check_signature(self.user, None, pointer="")
        session_id, is_rehearsal = body.pop("planned_session", None), body.pop("dry_run", False)
        rows = PlannedSession.objects.filter(plan=plan)
        session = None if session_id is None else self.access(rows, session_id, "/planned_session")
        asked = {**body, "planned_session": session, "decided_by": signer}
        if is_rehearsal:
            ending = release.preview_review(plan.pk, **asked, actor=self.user, now=self.now)
            return Response(EndingOut(ending, context=self.get_serializer_context()).data)
        revision = self.revision_if_sent()
        return self.write(
            lambda: release.review_plan(plan.pk, **asked, revision=revision, actor=self.user, now=self.now),
            status_code=201,
            out=ReviewOut,
        )

    @extend_schema(
        summary="Plan one more dose of a plan in maintenance",
        request=None,
        responses={201: PlannedSessionOut},
    )
    def add_dose(self, request: Request, pk: int) -> Response:
        self.valid(NothingIn)
        plan = self.get_object()
        return self.write(
            lambda: plan_reviews.add_maintenance_dose(plan.pk, actor=self.user, now=self.now),
            status_code=201,
            out=PlannedSessionOut,
        )

    @extend_schema(
        summary="Close a plan, and cancel what is booked for it",
        request=CloseIn,
        responses=PolymorphicProxySerializer(
            component_name="ClosedOrRehearsed",
            serializers=[PlanOut, EndingOut],
            resource_type_field_name=None,
        ),
    )
    def close(self, request: Request, pk: str) -> Response:
        """With `dry_run` only what it would mean: the bookings and messages that it takes with it."""
        body, plan = self.valid(CloseIn), self.get_object()
        if body.get("dry_run"):
            ending = release.preview_close(plan.pk, reason=body["reason"], actor=self.user, now=self.now)
            return Response(EndingOut(ending, context=self.get_serializer_context()).data)
        revision = self.revision_if_sent()
        return self.write(
            lambda: release.close_plan(
                plan.pk, reason=body["reason"], revision=revision, actor=self.user, now=self.now
            )
        )
