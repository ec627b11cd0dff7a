"""A phone to try a demo sender with: what it sends goes through the real door, what it shows comes from the rows."""
