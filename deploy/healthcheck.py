"""Ask the web process of this container whether it runs; the exit status says so."""

import os
import sys
import urllib.request
from urllib.parse import urlsplit


def main() -> int:
    """Ask as somebody who came through the proxy would, by a host that is allowed."""
    port = sys.argv[1] if len(sys.argv) > 1 else "8000"
    host = urlsplit(os.environ.get("PUBLIC_URL", "")).netloc or f"127.0.0.1:{port}"
    request = urllib.request.Request(f"http://127.0.0.1:{port}/healthz", headers={"Host": host})
    try:
        with urllib.request.urlopen(request, timeout=4) as answer:  # noqa: S310  loopback
            return 0 if answer.status == 200 else 1
    except OSError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
