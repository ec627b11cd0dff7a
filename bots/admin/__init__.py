"""The operators' pages."""

from bots.admin import hooks, invitations, ledger, people, senders

__all__ = ["hooks", "invitations", "ledger", "people", "senders"]
