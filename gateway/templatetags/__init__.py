"""Tags of the gateway's pages."""
