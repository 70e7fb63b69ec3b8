"""Requests made up from the API document: none breaks the server, every answer is one that the document has.

API_FUZZ_EXAMPLES=200 is the long run, another one each time; the short run is the same every time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest
import schemathesis
from django.core import signals
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from practice.api.authentication import issue_token
from tests.api.world import World, undone
from tests.cast import NOW

pytestmark = pytest.mark.django_db

PARTS = 4  # for several processors
EXAMPLES = int(os.environ.get("API_FUZZ_EXAMPLES", "0"))
CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
MODES = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)


@pytest.fixture
def _keep_the_connection() -> Iterator[None]:
    """As Django's own test client does: it is in a transaction, and would look like one left open."""
    both = (signals.request_started, signals.request_finished)
    for signal in both:
        signal.disconnect(close_old_connections)
    yield
    for signal in both:
        signal.connect(close_old_connections)


@pytest.mark.usefixtures("_keep_the_connection")
@pytest.mark.parametrize("part", range(PARTS))
def test_no_request_breaks_it(world: World, part: int) -> None:
    people = (world.clinic.ada, world.clinic.ana.user)
    tokens = [f"Bearer {issue_token(user, name='fuzz', now=NOW)}" for user in people]
    headers = {"Authorization": tokens[0]}
    document = schemathesis.openapi.from_wsgi("/api/v1/schema", get_wsgi_application(), headers=headers)
    real = {
        "client": world.clinic.maya.pk,
        "planned_session": world.clinic.dose(world.clinic.maya, 2).pk,
        "appointment_type": world.clinic.appointment_type("consult").pk,
        "location": world.clinic.location.pk,
        "therapist": world.clinic.ana.pk,
        "psychiatrist": world.clinic.ito.pk,
        "room": world.clinic.dosing_room.pk,
        "booking": world.booking.pk,
    }
    seen: list[int] = []
    for result in islice(document.get_all_operations(), part, None, PARTS):
        hold(result.ok(), tokens, real, seen)
    assert len(seen) > 750 / PARTS
    assert {status // 100 for status in seen} == {2, 4}


def hold(operation: Any, tokens: list[str], real: dict[str, int], seen: list[int]) -> None:
    """For the practice admin and a therapist, with bodies that the document allows and with others."""
    as_documented, not_as_documented = (operation.as_strategy(generation_mode=mode) for mode in MODES)

    @settings(
        max_examples=EXAMPLES or 3,
        derandomize=not EXAMPLES,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=st.one_of(as_documented, not_as_documented),
        token=st.sampled_from(tokens),
        is_real=st.booleans(),
    )
    def holds(case: Any, token: str, is_real: bool) -> None:
        if is_real:
            name_real_records(case, real)
        with undone():
            answer = case.call(headers={"Authorization": token})
            case.validate_response(answer, checks=CHECKS)
        seen.append(answer.status_code)

    holds()


def name_real_records(case: Any, real: dict[str, int]) -> None:
    """Made-up ids are nearly always those of nobody, and then little of a request is looked at."""
    for name in case.path_parameters or {}:
        case.path_parameters[name] = real.get(name.removesuffix("_id"), real["booking"])
    for part in (case.body, case.query):
        if isinstance(part, dict):
            part.update({name: pk for name, pk in real.items() if name in part})
