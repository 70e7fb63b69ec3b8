import pytest
from django.db import connection


@pytest.mark.django_db
def test_the_database_limits_how_long_a_statement_and_a_lock_may_take():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout'), current_setting('lock_timeout')")
        assert cursor.fetchone() == ("15s", "5s")
