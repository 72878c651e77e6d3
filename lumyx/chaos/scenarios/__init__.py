"""The faults, each in the module of what breaks."""
