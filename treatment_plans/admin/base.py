from __future__ import annotations

from typing import ClassVar

from practice.access import CLINICAL
from practice.admin_base import UseCaseAdmin


class ClinicalAdmin(UseCaseAdmin):
    viewers = CLINICAL
    client = "client"
    list_select_related: ClassVar[tuple[str, ...]] = ("client",)
    search_fields: ClassVar[tuple[str, ...]] = ("client__legal_name", "client__preferred_name")
