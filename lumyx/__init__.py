"""Wires the apps into one service: settings, URLs, processes and stand-ins."""
