"""Customers order while the processes of the house are killed again and again; afterwards everything is checked."""
