"""The operators' pages."""

from bots.admin import ledger, people, senders

__all__ = ["ledger", "people", "senders"]
