"""Break one part after the other under load, on loopback, and say what came of it.

    python -m lumyx.chaos [--few] [--only NAME,…] [--soak SECONDS] [--write]

Real processes and real engines of its own, which vanish afterwards. It ends with 1 where a
promise was broken.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from lumyx.bench import accounting
from lumyx.chaos import plant as plants
from lumyx.chaos import table
from lumyx.local import LocalError
from lumyx.local.processes import Stopped, on_stop, raise_stopped

REPORT = Path(__file__).resolve().parent.parent.parent / "docs" / "reliability.md"


def main() -> int:
    """Run the scenarios; return 1 where a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m lumyx.chaos", description=__doc__)
    parser.add_argument("--few", action="store_true", help="small numbers, as in `make test`")
    parser.add_argument("--only", default="", help="names of scenarios, with commas between")
    parser.add_argument("--soak", type=int, default=60, help="seconds of the soak (600 in full)")
    parser.add_argument("--write", action="store_true", help="put the table into docs/")
    options = parser.parse_args()
    if not accounting.PROC.joinpath("self/stat").exists():
        print("make chaos reads /proc, which only Linux has.", file=sys.stderr)
        return 1
    # A signal leaves through the exits of the `with` blocks, which stop every server.
    on_stop(raise_stopped)
    began = time.monotonic()
    try:
        with (
            tempfile.TemporaryDirectory(prefix="lumyx-chaos-") as directory,
            plants.running(Path(directory)) as plant,
        ):
            # Their imports need Django, which is set up only now.
            from lumyx.chaos import play

            say(f"all runs after {time.monotonic() - began:.0f} s")
            rows = play.all_of(
                plant,
                only=[name for name in options.only.split(",") if name],
                few=options.few,
                soak=options.soak,
                say=say,
            )
    except LocalError as error:
        print(f"The faults could not be made. {error}", file=sys.stderr)
        return 1
    except Stopped:
        return 130
    took = time.monotonic() - began
    print(table.render(rows))
    print(f"\ntook {took:.0f} s; {table.verdict(rows)}")
    if options.write:
        table.write(REPORT, rows, took)
        say(f"wrote {REPORT.name}")
    return 1 if any(row.kept is False for row in rows) else 0


def say(text: str) -> None:
    """Show progress."""
    print(f"chaos: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
