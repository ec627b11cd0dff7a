"""Who comes in: sessions, tries that are counted, the hash that takes its turn, recovery codes."""
