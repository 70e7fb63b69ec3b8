from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission

if TYPE_CHECKING:  # rest_framework.views imports this module, through the settings
    from rest_framework.request import Request
    from rest_framework.views import APIView


class Deny(BasePermission):
    """The default for every view: a view that names no permission of its own lets nobody in."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return False
