"""Serve the imitated Stripe until SIGTERM or SIGINT."""

import argparse
import os
from typing import Any

from aiohttp import web

from lumyx.standins.provider import loopback
from lumyx.standins.stripe.server import StripeStandIn

KEY = "sk_test_" + "StandIn" * 4


def main(arguments: list[str] | None = None) -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(prog="python -m lumyx.standins.stripe")
    parser.add_argument("--host", type=loopback, default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args(arguments)
    host = f"[{options.host}]" if ":" in options.host else options.host
    standin = StripeStandIn(
        key=os.environ.get("STANDIN_STRIPE_KEY") or KEY,
        root=f"http://{host}:{options.port}",
        webhook_url=os.environ.get("STANDIN_STRIPE_WEBHOOK_URL", ""),
        webhook_secret=os.environ.get("STANDIN_STRIPE_WEBHOOK_SECRET") or "whsec_standin",
    )
    quiet: Any = None
    web.run_app(
        standin.application(),
        host=options.host,
        port=options.port,
        access_log=None,
        print=quiet,
        handler_cancellation=True,
        shutdown_timeout=0.5,
    )


if __name__ == "__main__":
    main()
