"""Why a message did not arrive, in plain words for staff and operators, with what to do next."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from bots.twilio.reactions import reaction_to

_CREDENTIALS = _("Twilio does not accept the account SID and auth token. Ask the operator to check the sender.")
_BLOCKED = _("The customer does not want messages from this number. They can write first to open it again.")
_NOT_ON_WHATSAPP = _("This number cannot be reached on WhatsApp. Call the customer instead.")
_WINDOW = _("More than 24 hours since the customer last wrote. WhatsApp takes only an approved template now.")
_BUSY = _("WhatsApp or Twilio was too busy. Send it again in a few minutes.")
_SENDER = _("The sender is not set up correctly at Twilio. Ask the operator to verify it.")
_POLICY = _("WhatsApp refused this message under its rules. Change the text before sending it again.")
_CONTENT = _("WhatsApp cannot carry this content. Send it as plain text.")
_MEDIA = _("The picture or file could not be sent. Check its address, type and size.")
_TEMPLATE = _("The message template is missing, paused or filled wrongly. Ask the operator to check it.")
_OUTAGE = _("Twilio had a fault and the message did not go out. Send it again.")
_UNREACHABLE = _("The phone could not be reached. Try again later or call the customer.")

_WORDS: dict[str, Promise | str] = {
    # Ours.
    "retired": _("The sender was retired before this message went out."),
    "too_old": _("The message waited too long to be sent and would have come out of place. Write a new one."),
    "quota": _("The sender has sent all the messages that its daily limit allows. Write yourself, or raise the limit."),
    "gave_up": _("Sending was tried many times without success. Send it again or call the customer."),
    "unknown": _(
        "It is not known whether the message arrived: Twilio did not answer. Ask the customer before repeating."
    ),
    "no_answer": _("Twilio did not answer. Check the connection of the server."),
    "no_connect": _("Twilio could not be reached. Check the connection of the server."),
    "no_time": _("The server was too slow to send. It is tried again."),
    "secret": _("The sender's auth token cannot be read. Ask the operator to enter it again."),
    "content": _("The message is broken and cannot be sent. Write a new one."),
    # Twilio's.
    "20003": _CREDENTIALS,
    "20404": _SENDER,
    "21211": _NOT_ON_WHATSAPP,
    "21408": _("The account may not send to this country. Ask the operator to allow it at Twilio."),
    "21608": _("The Twilio account is a trial and may only write to verified numbers. Ask the operator to upgrade it."),
    "21610": _BLOCKED,
    "21617": _("The text is too long for WhatsApp. Send it in parts."),
    "21620": _MEDIA,
    "21655": _TEMPLATE,
    "21656": _TEMPLATE,
    "30002": _("The Twilio account is suspended. Ask the operator."),
    "30003": _UNREACHABLE,
    "30004": _BLOCKED,
    "30005": _NOT_ON_WHATSAPP,
    "30006": _NOT_ON_WHATSAPP,
    "30007": _POLICY,
    "63001": _SENDER,
    "63003": _NOT_ON_WHATSAPP,
    "63005": _CONTENT,
    "63007": _SENDER,
    "63013": _POLICY,
    "63014": _BLOCKED,
    "63015": _("The sender is Twilio's sandbox and the customer has not joined it."),
    "63016": _WINDOW,
    "63019": _MEDIA,
    "63020": _SENDER,
    "63021": _CONTENT,
    "63024": _NOT_ON_WHATSAPP,
    "63027": _TEMPLATE,
    "63028": _TEMPLATE,
    "63031": _("The customer's number is the sender's own number."),
    "63032": _("WhatsApp does not deliver this kind of message to this customer. Call them instead."),
    "63033": _BLOCKED,
    "63034": _MEDIA,
    "63038": _("The Twilio account has reached its daily limit. Ask the operator to raise it or wait until tomorrow."),
    "63041": _TEMPLATE,
    "63049": _("WhatsApp chose not to deliver this advertising message. Do not repeat it today."),
    "63051": _SENDER,
    "63059": _SENDER,
    "63101": _SENDER,
}
_BY_REACTION: dict[str, Promise | str] = {
    "retry": _BUSY,
    "give_up": _NOT_ON_WHATSAPP,
    "opt_out": _BLOCKED,
    "template": _WINDOW,
    "alert": _SENDER,
    "fix_request": _CONTENT,
}
_UNKNOWN = _("The message was not delivered. Try again, or ask the operator to look the code up at Twilio.")


def reason_in_words(code: str | int) -> Promise | str:
    """A short sentence for this error code, Twilio's or ours, in the language of who reads it; "" for no code."""
    text = str(code)
    if not text:
        return ""
    known = reaction_to(text)
    return _WORDS.get(text) or (_BY_REACTION[known.reaction] if known else _outage(text))


def _outage(text: str) -> Promise | str:
    return _OUTAGE if text.startswith("5") and len(text) == 3 else _UNKNOWN
