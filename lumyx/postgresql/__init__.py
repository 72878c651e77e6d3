"""Django's PostgreSQL, for pages that are asked for while it is away."""
