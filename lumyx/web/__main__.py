"""Serve LumyxAI: `python -m lumyx.web --port 8000`.

SIGTERM drains: `/readyz` says so at once; after `--drain-delay` nobody new is let in, and what
is under way has `--grace` seconds to end. With several workers SIGHUP replaces one after the
other, and the port stays open.
"""

import argparse
import sys

from uvicorn.config import LOGGING_CONFIG, STARTUP_FAILURE

from lumyx.web.connection import Connection
from lumyx.web.server import Config, Server
from lumyx.web.workers import Workers


def main() -> None:
    """Serve until a signal comes."""
    told = arguments()
    config = Config(
        told.app,
        host=told.host,
        port=told.port,
        workers=told.workers,
        http=Connection,
        ws="none",
        access_log=False,
        server_header=False,
        # Who is behind a proxy is read by `accounts.addresses`.
        proxy_headers=False,
        log_level=told.log_level,
        log_config=told.log_config,
        timeout_worker_healthcheck=30,
        timeout_graceful_shutdown=told.grace,
        drain_delay=told.drain_delay,
    )
    listening = [config.bind_socket()]
    if told.workers > 1:
        Workers(config, listening).run()
        return
    server = Server(config, alone=True)
    server.run(listening)
    if not server.started:
        sys.exit(STARTUP_FAILURE)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m lumyx.web", description=main.__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--workers", type=int, default=1, help="processes at this port")
    parser.add_argument(
        "--drain-delay",
        type=float,
        default=0,
        metavar="SECONDS",
        help="serve on so long after SIGTERM, while /readyz says 503: longer than a load "
        "balancer that asks for it takes to notice",
    )
    parser.add_argument(
        "--grace", type=int, default=30, metavar="SECONDS", help="for what is under way to end"
    )
    parser.add_argument("--log-level", default="info")
    parser.add_argument(
        "--log-config",
        default=LOGGING_CONFIG,
        metavar="FILE",
        help="of the server's own lines: lumyx/logs/uvicorn.json makes them JSON",
    )
    parser.add_argument("--app", default="lumyx.asgi:application", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
