"""The operators' pages."""

from bots.admin import hooks, invitations, jobs, ledger, people, senders

__all__ = ["hooks", "invitations", "jobs", "ledger", "people", "senders"]
