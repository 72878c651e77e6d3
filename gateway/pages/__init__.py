"""The pages of the gateway: read, call, respond."""
