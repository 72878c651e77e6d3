"""What a call asks of PostgreSQL and Valkey, by how many are under way at once."""

import time
from dataclasses import dataclass

import psycopg

from lumyx.bench.ground import Ground, say
from lumyx.bench.measure import Run, Subject
from lumyx.bench.table import Table, number, rate

CONNECTIONS = (1, 8, 32, 128)
WORKERS = 2
STATISTICS_SECONDS = 1.5
"""How long PostgreSQL may take to add up what its connections did."""
KEPT = ("gateway_requestlog%", "billing_ledgerentry%", "billing_hold%")
"""The tables that a call writes to."""
READ = """
select (select xact_commit from pg_stat_database where datname = current_database()),
       pg_current_wal_lsn() - '0/0',
       (select sum(pg_total_relation_size(oid)) from pg_class
        where relkind = 'r' and relname like any(%s))
"""
NOTE = (
    "Unstreamed calls. What is under way at once shares a commit, so that a call costs less the "
    "more there are; with two workers each gathers its own. WAL: the write-ahead log, which also "
    "goes to every replica and archive. Kept: what the ledger, the holds and the request log grow "
    "by, with their indexes; holds and log rows go after 30 days."
)


@dataclass(frozen=True)
class Reading:
    """Counters of PostgreSQL, which only rise."""

    commits: int
    wal: int
    kept: int


def measure(ground: Ground) -> Table:
    """Put load on one worker, ever more at once, and then on two."""
    say("what a call asks of the engines")
    rows = []
    with psycopg.connect(ground.deployment.environment["DATABASE_URL"], autocommit=True) as pg:
        ours = ground.ours()
        for connections in CONNECTIONS:
            rows.append(_row(ground, pg, ours.subject("whole"), connections, "1 worker"))
        with ours.gateway.serving(ground.bench.directory, workers=WORKERS) as more:
            rows.append(
                _row(ground, pg, more.subject("whole"), CONNECTIONS[-1], f"{WORKERS} workers")
            )
    headings = (
        *("", "at once", "calls/s", "calls a commit"),
        *("web CPU ms", "PostgreSQL ms", "Valkey ms", "WAL bytes", "bytes kept"),
    )
    return Table("What a call asks of the engines", headings, rows, NOTE)


def _row(
    ground: Ground, pg: psycopg.Connection, subject: Subject, connections: int, title: str
) -> list[str]:
    bench = ground.bench
    bench.run(subject, connections=connections, seconds=1)
    before = _read(pg)
    run = bench.run(subject, connections=connections, seconds=bench.seconds)
    after = _read(pg)
    return [title, number(connections), rate(run.rate), *_shares(run, before, after)]


def _shares(run: Run, before: Reading, after: Reading) -> list[str]:
    """Return what each call took of everything."""
    calls = run.answers
    if not calls:
        return [""] * 6
    commits = max(1, after.commits - before.commits)
    return [
        number(calls / commits, 1),
        *(number(run.cpu_ms(part), 2) for part in ("web", "PostgreSQL", "Valkey")),
        number((after.wal - before.wal) / calls),
        number((after.kept - before.kept) / calls),
    ]


def _read(pg: psycopg.Connection) -> Reading:
    time.sleep(STATISTICS_SECONDS)
    row = pg.execute(READ, [list(KEPT)]).fetchone()
    assert row is not None
    return Reading(*(int(cell) for cell in row))
