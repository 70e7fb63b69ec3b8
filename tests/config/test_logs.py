from config.logs import without_values


def test_a_database_error_loses_the_row_it_repeats():
    text = 'duplicate key value violates "x"\nDETAIL:  Key (email)=(ada@example.org) already exists.'
    assert without_values(text) == 'duplicate key value violates "x"'


def test_other_text_stays_as_it_is():
    assert without_values("a\nb\n") == "a\nb\n"
