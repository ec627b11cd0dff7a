"""The API's own pages, and its error shape where Django answers before any view of ours: `{error, details}`."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path, re_path
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from bots.lines import note_on_line
from bots.rest.errors import body_of

PREFIX = "/api/"


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _shaped(request, 400, "Bad request") or defaults.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    note_on_line(refused=str(exception) or type(exception).__name__)
    return _shaped(request, 403, "Forbidden") or defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _shaped(request, 404, "Not found") or defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    return _shaped(request, 500, "Internal server error") or defaults.server_error(request)


@csrf_exempt
def nothing_here(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Also while DEBUG is on, when Django would answer with a page."""
    return JsonResponse(body_of("There is no such call"), status=404)


def _shaped(request: HttpRequest, status: int, error: str) -> HttpResponse | None:
    """None for pages, which people read."""
    return JsonResponse(body_of(error), status=status) if request.path.startswith(PREFIX) else None


urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="schema", template_name="api/docs.html"), name="docs"),
    re_path(r"^(?P<rest>.*)$", nothing_here),
]
