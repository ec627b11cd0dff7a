"""How many webhooks and answers a second this machine does, beside the bare floor of its database."""
