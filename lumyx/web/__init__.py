"""The web process: `python -m lumyx.web`."""
