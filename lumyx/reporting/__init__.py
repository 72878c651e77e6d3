"""What may be sent to tools of others that watch the service: errors and traces, if set."""
