"""Assembles the house; owns no business word."""

__version__ = "0.1.0"
