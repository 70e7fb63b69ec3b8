from pathlib import Path

from django.conf import settings

from notifications import sheet


def test_the_document_shows_what_we_ship() -> None:
    """Out of date? `manage.py sheet` writes it."""
    stored = (Path(settings.BASE_DIR) / "docs" / "messages.md").read_text(encoding="utf-8")
    assert stored == sheet.markdown()
    assert stored.count("### ") == 15 * 2 * 2
