"""The policy as checks on the running system: clause by clause, hourly, for everybody to see."""
