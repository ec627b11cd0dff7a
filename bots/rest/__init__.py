"""What all doors of the REST API share. It knows tenants and tokens, and no business word (see docs/adr/0002)."""
