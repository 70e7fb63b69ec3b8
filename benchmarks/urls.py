from django.urls import include, path

from benchmarks.floor import Floor
from config.urls import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [path("floor", Floor.as_view()), path("", include("config.urls"))]
