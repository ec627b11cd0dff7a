"""The operators' pages."""

from bots.admin import hooks, ledger, people, senders

__all__ = ["hooks", "ledger", "people", "senders"]
