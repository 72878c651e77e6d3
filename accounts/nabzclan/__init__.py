"""NabzClan, the community whose members are our customers."""
