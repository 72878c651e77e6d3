"""A time says that it is UTC."""

DATETIME_FORMAT = "j M Y, H:i T"
