"""The local environment: installs packages, starts engines and runs LumyxAI on one machine."""


class LocalError(Exception):
    """Something about this machine is in the way; the text says what and what to do."""
