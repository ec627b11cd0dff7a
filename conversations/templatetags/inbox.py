"""Words of the inbox in templates."""

from django import template

from conversations import shown
from conversations.writing import formatted

register = template.Library()
register.filter("preview", shown.preview_of)
register.filter("formatted", formatted)
