from django.test import override_settings

from config.checks import what_a_real_practice_needs


def ids():
    return {warning.id for warning in what_a_real_practice_needs(None)}


def test_a_demo_lacks_everything():
    with override_settings(PUBLIC_URL="http://localhost:8000"):
        assert {f"quietroom.W00{number}" for number in (3, 4, 5, 6)} <= ids()


@override_settings(
    DATABASE_URL="postgresql://db/q",
    REDIS_URL="redis://redis",
    EMAIL_HOST="smtp.example.org",
    DEFAULT_FROM_EMAIL="Desk <desk@example.org>",
    TWILIO_ACCOUNT_SID="AC1",
    PUBLIC_URL="https://desk.example.org",
)
def test_a_practice_that_has_all_hears_nothing():
    assert ids() == set()
