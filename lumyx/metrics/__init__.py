"""What Prometheus reads at `/metrics`; `docs/observability.md` lists it."""
