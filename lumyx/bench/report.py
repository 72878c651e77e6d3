"""What a run found, in print and as `docs/benchmarks.md`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from lumyx.bench import goals, load, machine
from lumyx.bench.ground import Ground
from lumyx.bench.processes import ROOT
from lumyx.bench.table import Table

FILE = ROOT / "docs" / "benchmarks.md"
INTRODUCTION = """\
# Benchmarks

Measured by `make bench` on one machine in one run, on loopback. The gateways have one worker each
(or two, where it says so), get the same body, stand before the same mock providers, and take turns.
The load generator, the mock providers, PostgreSQL and Valkey share the machine's cores with them.
**The ratios are the result**; absolute figures move with the machine.

LumyxAI runs as it is deployed, but for nginx and TLS before it: it looks up the key, counts it
against its limits, holds the most that the call can cost, settles it exactly, and writes a ledger
entry and a log row to a PostgreSQL that survives a power failure. After the run the books are
checked: each answer was charged, the ledger adds up to the balances, and no hold is open.

One call alone takes longer than with gateways that keep no books: it waits for two commits to
reach the disk, the hold before the provider is asked, and the charge before the answer ends. Calls
that are under way together share these.

`make bench ARGS=--write` measures all of it again and writes this page; `ARGS="--only SECTION"`
measures a part. The peers install themselves into `var/bench`, at the versions that
`lumyx/bench/peers` pins.
"""


@dataclass
class Report:
    """The tables of a run, and what is to be known to read them."""

    ground: Ground
    took: float = 0.0
    load_at_start: float = 0.0
    tables: list[Table] = field(default_factory=list)
    books: list[str] = field(default_factory=list)

    def setting(self) -> list[tuple[str, str]]:
        """Return when, where and how it was measured."""
        bench = self.ground.bench
        runs = f"{bench.rounds} rounds of {bench.seconds} s, of which the medians are given"
        return [
            ("date", f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"),
            ("machine", str(machine.read())),
            ("load of the machine before", f"{self.load_at_start:.2f}"),
            ("load from", f"{load.tool()} on {bench.connections} connections; {runs}"),
            ("mock provider", f"{self.ground.mocks.name}; for paced streams the bundled one"),
            ("took", f"{self.took / 60:.1f} minutes"),
        ]

    def gateways(self) -> Table:
        """Return what was measured, at which version, and what was not."""
        rows = [
            [server.gateway.name, server.gateway.version(), server.gateway.does]
            for server in self.ground.servers
        ]
        rows += [[name, "", f"not measured: {why}"] for name, why in self.ground.absent.items()]
        return Table("What was measured", ("", "version", "what it does"), rows, of_words=True)

    def text(self) -> str:
        """Return the report for a terminal."""
        tables = [self.gateways(), *self.tables, goals.judge(self.ground.figures)]
        setting = "\n".join(f"{name}: {value}" for name, value in self.setting())
        return "\n\n".join([setting, *(table.text() for table in tables), *self._remarks()])

    def markdown(self) -> str:
        """Return the report as a page."""
        setting = Table("Setting", ("", " "), self.setting(), of_words=True)
        tables = [goals.judge(self.ground.figures), setting, self.gateways(), *self.tables]
        parts = [INTRODUCTION, *(table.markdown() for table in tables)]
        books = [*self.books, *(f"**wrong**: {text}" for text in self.ground.bench.failures)]
        parts.append("## Books\n\n" + "\n".join(f"- {line}" for line in books) + "\n")
        if remarks := self._remarks():
            parts.append("## Remarks\n\n" + "\n".join(f"- {line}" for line in remarks) + "\n")
        return "\n".join(parts)

    def write(self, file: Path = FILE) -> None:
        """Write the page."""
        file.parent.mkdir(exist_ok=True)
        file.write_text(self.markdown())

    def _remarks(self) -> Sequence[str]:
        return list(dict.fromkeys(self.ground.bench.remarks))
