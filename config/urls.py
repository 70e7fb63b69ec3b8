from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from config import docs, problems
from scheduling.api.feeds import feed

API: list[URLPattern | URLResolver] = [
    path("schema", docs.Document.as_view(), name="schema"),
    path("docs", docs.page, name="docs"),
    path("", include("practice.api.urls")),
    path("", include("treatment_plans.api.urls")),
    path("", include("scheduling.api.urls")),
    path("", include("notifications.api.urls")),
]

urlpatterns = [
    path("api/v1/", include(API)),
    path("problems/<slug:code>", problems.explain, name="problem"),
    path("feeds/<str:secret>.ics", feed, name="feed"),
    path("webhooks/", include("notifications.webhooks_status")),
    path("webhooks/", include("notifications.webhooks")),
    path("admin/", admin.site.urls),
    path("", include("web.frontdesk.urls")),
    path("", include("web.dashboard.urls")),
    path("", include("web.portal.urls")),
]

handler400 = problems.bad_request
handler403 = problems.not_allowed
handler404 = problems.not_found
handler500 = problems.server_error
