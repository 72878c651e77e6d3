"""`make run`: everything that LumyxAI needs, on this machine, until Ctrl-C."""

import contextlib
import fcntl
import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from lumyx.local import LocalError, engines, secrets
from lumyx.local.preparation import Preparation
from lumyx.local.processes import (
    Stopped,
    adopt_orphans,
    die_with_make,
    end_descendants,
    environment_for_children,
    free_port,
    ignore_stop,
    on_stop,
    port_is_free,
    raise_stopped,
)
from lumyx.local.supervisor import Supervisor

ROOT = Path(__file__).resolve().parent.parent.parent
VAR = ROOT / "var"
DEMO = VAR / "demo.env"
PYTHON = sys.executable


def main() -> int:
    """Run LumyxAI; return the exit status."""
    try:
        on_stop(raise_stopped)
        die_with_make()
        adopt_orphans()
        port = read_port(os.environ.get("PORT") or "8000")
        with only_run(VAR / "run.lock"):
            run(port)
    except LocalError as error:
        print(f"\n{error}", file=sys.stderr, flush=True)
        return 1
    except PermissionError as error:
        print(f"\n{error}: it belongs to another account of this machine.", file=sys.stderr)
        return 1
    except Stopped:
        pass
    return 0


def run(port: int) -> None:
    """Start the engines, prepare the database, and serve until somebody asks to stop."""
    own = secrets.load(VAR / "secrets.env")
    with engines.running(
        VAR,
        passwords=own,
        keep=True,
        database_url=os.environ.get("DATABASE_URL", ""),
        redis_url=os.environ.get("REDIS_URL", ""),
    ) as started:
        try:
            environment = service_environment(own, started, port)
            serve(environment, port, prepare(environment))
        finally:
            ignore_stop()
            end_descendants(except_for=started.pids)


def read_port(text: str) -> int:
    """Return the port to serve on, which must be free."""
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise LocalError(f"PORT must be a number from 1 to 65535, not {text!r}.")
    port = int(text)
    if not port_is_free(port):
        raise LocalError(
            f"Port {port} is in use. Stop what uses it, or take another: make run PORT={port + 1}"
        )
    return port


@contextlib.contextmanager
def only_run(file: Path) -> Iterator[None]:
    """See that one run at a time uses `var/`."""
    file.parent.mkdir(exist_ok=True)
    with file.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise LocalError(f"LumyxAI runs here already (process {lock.read()}).") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def service_environment(
    own: Mapping[str, str], started: engines.Engines, port: int
) -> dict[str, str]:
    """Return the environment of the service: what the caller set goes first."""
    defaults = {
        **{name: own[name] for name in secrets.SERVICE},
        "DEBUG": "0",
        "STANDINS": "1",
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        # A newcomer who signs in as somebody else can call models, too.
        "SIGNUP_CREDITS": "10",
        "PYTHONUNBUFFERED": "1",
    }
    given = {name: value for name, value in environment_for_children().items() if value}
    environment = {**defaults, **given}
    environment |= {"DATABASE_URL": started.database_url, "REDIS_URL": started.redis_url}
    if needs_provider(environment):
        port = lasting_port(VAR / "provider.port")
        environment["STANDIN_PROVIDER_URL"] = f"http://127.0.0.1:{port}/v1"
    if needs_nabzclan(environment):
        port = lasting_port(VAR / "nabzclan.port")
        environment["STANDIN_NABZCLAN_URL"] = f"http://127.0.0.1:{port}"
    if needs_stripe(environment):
        url = f"http://127.0.0.1:{lasting_port(VAR / 'stripe.port')}"
        environment["STANDIN_STRIPE_URL"] = url
        webhook = f"{environment['PUBLIC_URL']}/billing/webhooks/stripe/"
        environment.setdefault("STANDIN_STRIPE_WEBHOOK_URL", webhook)
    return environment


def lasting_port(file: Path) -> int:
    """Return a free port, the same as last time where it still is free."""
    kept = file.read_text() if file.is_file() else ""
    if kept.isdigit() and port_is_free(int(kept)):
        return int(kept)
    port = free_port()
    file.write_text(str(port))
    return port


def needs_provider(environment: Mapping[str, str]) -> bool:
    """Say whether the stand-in takes the place of a real AI provider."""
    return environment["STANDINS"] == "1" and not environment.get("PROVIDER_BASE_URL")


def needs_nabzclan(environment: Mapping[str, str]) -> bool:
    """Say whether the stand-in takes the place of the real NabzClan."""
    return environment["STANDINS"] == "1" and not environment.get("NABZCLAN_URL")


def needs_stripe(environment: Mapping[str, str]) -> bool:
    """Say whether the stand-in takes the place of the real Stripe."""
    keys = ("STRIPE_TEST_SECRET_KEY", "STRIPE_LIVE_SECRET_KEY")
    return environment["STANDINS"] == "1" and not any(environment.get(key) for key in keys)


def prepare(environment: Mapping[str, str]) -> Preparation:
    """Begin to bring the database up to date; wait for the end only where much can change."""
    print("Preparing the database…", flush=True)
    preparation = Preparation(environment, demo=DEMO, stamp=VAR / "prepared")
    if not preparation.was_done_before():
        preparation.finish()
    return preparation


def serve(environment: Mapping[str, str], port: int, preparation: Preparation) -> None:
    """Run the service's processes until somebody asks to stop."""
    print("Starting LumyxAI…", flush=True)
    signs = {port: "/readyz"}
    if needs_provider(environment):
        signs[provider_port(environment)] = "/healthz"
    if needs_nabzclan(environment):
        signs[port_of(environment["STANDIN_NABZCLAN_URL"])] = "/healthz"
    if needs_stripe(environment):
        signs[port_of(environment["STANDIN_STRIPE_URL"])] = "/healthz"
    supervisor = Supervisor(
        prepared=preparation.is_over,
        signs=signs,
        host=urlsplit(environment["PUBLIC_URL"]).netloc,
        announce=lambda: announce(port, secrets.read(DEMO)),
    )
    for name, command in commands(environment, port).items():
        supervisor.add_process(
            name, f"exec {shlex.join(command)}", env=dict(environment), cwd=str(ROOT)
        )
    supervisor.run()


def commands(environment: Mapping[str, str], port: int) -> dict[str, list[str]]:
    """Return the command line of each process of the service."""
    # The web comes first: somebody waits for it.
    celery = ["nice", "-n", "10", PYTHON, "-m", "celery", "--quiet", "--app", "lumyx"]
    found = {
        "web": [
            *(PYTHON, "-m", "lumyx.web"),
            *("--host", "127.0.0.1", "--port", str(port), "--workers", "2"),
        ],
        "worker": [
            *(*celery, "worker", "--concurrency", "2", "--loglevel", "WARNING"),
            *("--without-gossip", "--without-mingle"),
        ],
        "beat": [
            *(*celery, "beat", "--loglevel", "WARNING"),
            *("--schedule", str(VAR / "beat-schedule"), "--pidfile", ""),
        ],
    }
    if needs_provider(environment):
        port = provider_port(environment)
        found["provider"] = [PYTHON, "-m", "lumyx.standins.provider", "--port", str(port)]
    if needs_nabzclan(environment):
        port = port_of(environment["STANDIN_NABZCLAN_URL"])
        found["nabzclan"] = [PYTHON, "-m", "lumyx.standins.nabzclan", "--port", str(port)]
    if needs_stripe(environment):
        port = port_of(environment["STANDIN_STRIPE_URL"])
        found["stripe"] = [PYTHON, "-m", "lumyx.standins.stripe", "--port", str(port)]
    return found


def provider_port(environment: Mapping[str, str]) -> int:
    """Return the port of the AI-provider stand-in."""
    return port_of(environment["STANDIN_PROVIDER_URL"])


def port_of(url: str) -> int:
    """Return the port of a URL."""
    return urlsplit(url).port or 80


def announce(port: int, demo: Mapping[str, str]) -> None:
    """Say that LumyxAI is ready, and how to call it."""
    url = f"http://127.0.0.1:{port}"
    lines = ["", f"LumyxAI is ready: {url}", ""]
    if "LUMYX_API_KEY" in demo:
        lines += [
            f"curl -N {url}/api/v1/chat/completions"
            f" -H 'Authorization: Bearer {demo['LUMYX_API_KEY']}'"
            " -H 'Content-Type: application/json'"
            f' -d \'{{"model": "{demo["LUMYX_MODEL"]}", "stream": true,'
            ' "messages": [{"role": "user", "content": "Hello!"}]}\'',
            "",
            f"Website: {url}/sign-in (as nova: she has the key above)",
            f"Admin: {url}/admin/ (its sign-in is in {DEMO.relative_to(ROOT)})",
        ]
    lines += ["Ctrl-C stops everything.", "", ""]
    with contextlib.suppress(OSError):
        print("\n".join(lines), end="", flush=True)


if __name__ == "__main__":
    sys.exit(main())
