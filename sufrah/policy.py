"""What a browser may load and run on our pages, and what the theme of the admin needs beside it."""

from __future__ import annotations

from csp.middleware import CSPMiddleware, PolicyParts
from django.http import HttpRequest, HttpResponseBase

from sufrah.policy_words import MORE_IN_THE_ADMIN


class ContentPolicy(CSPMiddleware):
    """Pages alone bear the policy: Twilio and other systems read nothing that could run, and their doors are the busy
    ones."""

    def process_request(self, request: HttpRequest) -> None:
        """No nonce: there is no inline script to let through."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not response.get("Content-Type", "").startswith("text/html"):
            return response
        return super().process_response(request, response)

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if request.resolver_match and request.resolver_match.app_name == "admin":
            parts.update = MORE_IN_THE_ADMIN
        return parts
