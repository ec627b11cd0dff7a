"""Webhooks out: what happens in a restaurant, told to addresses that it names."""
