"""Stand-ins for the outside companies, for development and tests; they listen on loopback only."""
