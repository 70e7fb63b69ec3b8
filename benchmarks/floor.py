"""What any authenticated list of 50 rows costs under the same server: the measure of everything else."""

from __future__ import annotations

from rest_framework import generics, serializers
from rest_framework.permissions import IsAuthenticated

from practice.api.authentication import TokenAuthentication
from practice.models import Client


class Row(serializers.ModelSerializer[Client]):
    class Meta:
        model = Client
        fields = ("id", "legal_name", "preferred_name", "language", "time_zone", "state", "is_active")


class Floor(generics.ListAPIView[Client]):
    authentication_classes = (TokenAuthentication,)
    permission_classes = (IsAuthenticated,)
    pagination_class = None
    filter_backends = ()
    serializer_class = Row
    queryset = Client.objects.order_by("pk")[:50]
