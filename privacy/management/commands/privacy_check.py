import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from privacy.conformance import results, run
from privacy.conformance.results import Line
from privacy.models import ProbeState

MARKS = {
    ProbeState.KEPT: "kept",
    ProbeState.BROKEN: "NOT KEPT",
    ProbeState.NOT_HERE: "not here",
    ProbeState.UNCHECKED: "UNCHECKED",
}


class Command(BaseCommand):
    """Check every promise of the privacy policy on the running system; fail where one is broken."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take how to say it."""
        parser.add_argument("--json", action="store_true", help="say it as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the checks, keep what they found, and say it."""
        try:
            run.check()
        except run.Busy:
            raise CommandError("The checks run right now; try again in a moment.") from None
        report = results.report()
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json, indent=2))
        else:
            for line in report.lines:
                self._write(line)
        words = f"{len(report.kept)} of {report.counted} promises are kept"
        if report.broken:
            raise CommandError(f"{words}; {len(report.broken)} are not.")
        if not options["json"]:
            self.stdout.write(f"\n{words}.")

    def _write(self, line: Line) -> None:
        result = line.result
        said = result.said if result else "It was never looked at."
        taken = f"{result.milliseconds} ms" if result else ""
        mark = MARKS[ProbeState(line.state)]
        self.stdout.write(f"{mark:<10} {line.clause.id:<16} {taken:>8}  {said}")
        if result and result.details:
            self.stdout.write(f"{'':<37}({result.details})")
