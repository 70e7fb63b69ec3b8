"""The questionnaires that can be answered, with their wording where we may show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from practice import access
from practice.api.base import Resource
from practice.api.fields import ChoiceOf
from practice.models import Client
from treatment_plans.measuring.questionnaires import Questionnaire, find_questionnaire, languages
from treatment_plans.models import Measure
from treatment_plans.rules.instruments import INSTRUMENTS, Instrument


@dataclass(frozen=True)
class Offered:
    instrument: Instrument
    languages: tuple[str, ...]
    wording: Questionnaire | None


class WordingOut(serializers.Serializer[Questionnaire]):
    language = serializers.CharField()
    intro = serializers.CharField()
    choices = serializers.ListField(child=serializers.CharField(), help_text="What 0, 1, … stand for.")
    items = serializers.ListField(child=serializers.CharField(), help_text='From item "1" on.')
    source = serializers.CharField()  # type: ignore[assignment]


class InstrumentOut(serializers.Serializer[Offered]):
    code = ChoiceOf(model=Measure, of="instrument", source="instrument.code")
    name = serializers.CharField(source="instrument.name")
    version = serializers.IntegerField(source="instrument.version")
    item_count = serializers.IntegerField(source="instrument.item_count")
    highest = serializers.IntegerField(source="instrument.highest", help_text="Of one item.")
    most = serializers.IntegerField(source="instrument.most", allow_null=True, help_text="The highest total.")
    languages = serializers.ListField(child=serializers.CharField(), help_text="In which there is wording.")
    wording = WordingOut(allow_null=True, help_text="In the language that was asked for.")


class InstrumentsOut(serializers.Serializer[Any]):
    instruments = InstrumentOut(many=True)


class LanguageQuery(serializers.Serializer[Any]):
    language = serializers.ChoiceField(
        choices=Client.Language.choices, required=False, help_text="Defaults to the reader's own."
    )


class InstrumentViews(Resource):
    queryset = Measure.objects.none()
    client = None
    out = InstrumentsOut
    permitted = {"offered": access.CLINICAL}
    query_params = frozenset({"language"})

    @extend_schema(
        summary="List the questionnaires", parameters=[LanguageQuery], responses={200: InstrumentsOut}
    )
    def offered(self, request: Request) -> Response:
        query = LanguageQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        language = query.validated_data.get("language") or (get_language() or "en")[:2]
        found = [
            Offered(instrument, languages(code), find_questionnaire(code, language))
            for code, instrument in INSTRUMENTS.items()
        ]
        return Response(InstrumentsOut({"instruments": found}).data)
