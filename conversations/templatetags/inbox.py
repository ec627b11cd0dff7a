"""Words of the inbox in templates."""

from django import template

from conversations import shown

register = template.Library()
register.filter("preview", shown.preview_of)
