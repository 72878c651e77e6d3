"""The OpenAPI description of the public API; drf-spectacular assembles it from the URLs."""
