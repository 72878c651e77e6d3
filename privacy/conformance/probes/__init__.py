"""The checks, section by section of the policy."""
