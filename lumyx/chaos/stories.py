"""Faults that tests make already: they run with their full numbers, on engines of their own.

python -m lumyx.chaos.stories NAME…
"""

import contextlib
import json
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from xml.etree import ElementTree

from lumyx.chaos.plant import Plant
from lumyx.chaos.scenario import Row
from lumyx.local import checks, engines
from lumyx.local.processes import (
    Stopped,
    adopt_orphans,
    die_with_parent_at_start,
    end_descendants,
    environment_for_children,
    ignore_stop,
    on_stop,
    raise_stopped,
)
from lumyx.local.test import test_environment

SEQUENCES = "1000"


@dataclass(frozen=True)
class Story:
    """A fault, and the tests that make it."""

    name: str
    fault: str
    times: str
    expected: str
    tests: tuple[str, ...]
    few: str = ""
    """How often where numbers are small, if that is not as often."""


STORIES = [
    Story(
        "authorizes",
        "authorizes at once, money for 100",
        "10,000",
        "exactly 100 pass, balance ≥ 0",
        (
            "tests/billing/test_ledger.py::"
            "test_of_10000_authorizes_at_once_on_money_for_100_exactly_100_pass",
            "tests/billing/test_budgets.py::"
            "test_of_10000_authorizes_at_once_with_a_limit_for_100_exactly_100_pass",
        ),
    ),
    Story(
        "idempotency",
        "calls at once with one Idempotency-Key",
        "50",
        "one charge",
        (
            "tests/gateway/test_idempotency.py::test_fifty_calls_at_once_make_one_charge",
            "tests/billing/test_idempotency.py::"
            "test_of_50_authorizes_at_once_with_one_request_id_exactly_one_passes",
        ),
    ),
    Story(
        "stripe-doubled",
        "the same Stripe event again and again",
        "1,000",
        "credited once",
        ("tests/billing/test_webhooks.py::test_a_thousand_copies_of_one_event_credit_once",),
    ),
    Story(
        "stripe-shuffled",
        "Stripe event sequences shuffled, doubled, with events missing",
        "1,000",
        "credited once, refunded once",
        ("tests/billing/test_returns.py::test_shuffled_doubled_and_missing_events_end_exactly",),
        few="16",
    ),
    Story(
        "exports",
        "worker killed in the middle of an export and of an erasure",
        "at every step",
        "resumed; no half state reported as done",
        (
            "tests/privacy/test_exports.py::"
            "test_a_worker_killed_at_any_step_is_followed_by_another",
            "tests/privacy/test_erasure.py::"
            "test_a_worker_killed_at_any_step_is_followed_by_another",
        ),
    ),
    Story(
        "clocks",
        "23:59:59.999, leap day, clocks 5 s apart",
        "each",
        "day limits right, in UTC",
        (
            "tests/gateway/test_limits_clock.py",
            "tests/billing/test_budgets.py::"
            "test_a_past_day_and_month_count_as_nothing_and_the_total_stays",
            "tests/billing/test_budgets.py::"
            "test_a_statement_of_the_day_before_never_takes_a_counter_back",
        ),
    ),
]
ELSEWHERE = [
    Row(
        "malformed requests over all routes, webhook included",
        "100,000",
        "no 5xx",
        "a target of its own",
        None,
    ),
]
"""Rows that something else fills."""


def begin(plant: Plant, stories: list[Story], *, few: bool) -> subprocess.Popen[str]:
    """Begin to tell stories beside what else happens, on engines of their own."""
    ours = {*plant.environment, "DJANGO_SETTINGS_MODULE"}
    environment = {n: v for n, v in environment_for_children().items() if n not in ours}
    if not few:
        environment["STORIES"] = SEQUENCES
    return subprocess.Popen(
        [sys.executable, "-m", "lumyx.chaos.stories", *(story.name for story in stories)],
        cwd=checks.ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_parent_at_start,
    )


def end(process: subprocess.Popen[str], stories: list[Story], *, few: bool) -> list[Row]:
    """Wait until they are told; return a row for each."""
    told = json.loads(process.communicate()[0] or "[]")
    cases = [Case(**case) for case in told]
    return [_row(story, cases, few=few) for story in stories]


@dataclass(frozen=True)
class Case:
    """One test that ran: its file and name, how long it took, and why it failed."""

    place: str
    seconds: float
    failure: str


def _row(story: Story, cases: list[Case], *, few: bool) -> Row:
    ran = [
        case
        for case in cases
        if any(case.place.partition("[")[0].startswith(test) for test in story.tests)
    ]
    failed = [f"{case.place.rpartition('::')[2]}: {case.failure}" for case in ran if case.failure]
    missing = [test for test in story.tests if not any(case.place.startswith(test) for case in ran)]
    problems = (*failed, *(f"{test} did not run" for test in missing))
    return Row(
        story.fault,
        story.few or story.times if few else story.times,
        story.expected,
        f"{len(ran) - len(failed)} of {len(ran)} tests of it passed",
        not problems,
        sum(case.seconds for case in ran),
        problems,
    )


def main(names: list[str]) -> None:
    """Run the tests of these stories, and print how each ended as JSON."""
    on_stop(raise_stopped)
    adopt_orphans()
    tests = [test for story in STORIES if story.name in names for test in story.tests]
    with (
        contextlib.suppress(Stopped),
        tempfile.TemporaryDirectory(prefix="lumyx-chaos-") as directory,
        engines.running(Path(directory), durable=False) as own,
    ):
        report = Path(directory) / "report.xml"
        command = ["-m", "pytest", "-n", "2", "-p", "no:cacheprovider", f"--junitxml={report}"]
        try:
            done = subprocess.run(
                [sys.executable, *command, *tests],
                cwd=checks.ROOT,
                env=test_environment(checks.production(own.database_url, own.redis_url)),
                capture_output=True,
                text=True,
                preexec_fn=die_with_parent_at_start,
            )
        finally:
            ignore_stop()
            end_descendants(except_for=own.pids)
        if not report.exists():
            print(done.stdout[-2_000:], done.stderr[-500:], file=sys.stderr)
            return
        print(json.dumps([asdict(case) for case in _cases(report)]))


def _cases(report: Path) -> list[Case]:
    found = []
    for case in ElementTree.parse(report).iter("testcase"):
        wrong = next((child for child in case if child.tag in ("failure", "error")), None)
        failure = "" if wrong is None else f"{wrong.get('message')}\n".splitlines()[0][:200]
        path = case.get("classname", "").replace(".", "/") + ".py"
        seconds = float(case.get("time", 0))
        found.append(Case(f"{path}::{case.get('name')}", seconds, failure))
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
