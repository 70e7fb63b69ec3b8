"""Django finds the pages by importing this package; one module for each subject."""

from treatment_plans.admin import (
    measures,
    medical,
    plans,
    prescribing,
    protocols,
    screening,
    session_room,
    supply,
)

__all__ = [
    "measures",
    "medical",
    "plans",
    "prescribing",
    "protocols",
    "screening",
    "session_room",
    "supply",
]
