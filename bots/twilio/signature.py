"""Did Twilio really write this? (https://www.twilio.com/docs/usage/security#validating-requests)"""

from __future__ import annotations

from django.http import QueryDict
from twilio.request_validator import RequestValidator


def is_genuine(url: str, form: QueryDict, signature: str, token: str) -> bool:
    """Whether `signature` (the header X-Twilio-Signature, "" when it is missing) is that of this form at this address.

    `url` is the address that Twilio was given: public scheme and host, query string as it came. Only forms can be
    judged: a JSON body is signed by a digest in the query, which a form cannot prove. Never raises.
    """
    if not signature or not token:
        return False
    try:
        return bool(RequestValidator(token).validate(url, form, signature))
    except (TypeError, ValueError, IndexError, AttributeError, UnicodeError):
        return False
