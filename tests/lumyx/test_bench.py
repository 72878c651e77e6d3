"""The bench measures loopback alone, and its own tools count rightly."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from lumyx.bench import answers, load
from lumyx.bench.goals import Goal
from lumyx.bench.load import NotLoopback, Result, Target
from lumyx.bench.measure import Run, ratio
from lumyx.bench.paced import LEVELS, largest
from lumyx.bench.processes import serving
from lumyx.bench.streams import Lateness
from lumyx.bench.table import Table
from lumyx.local import LocalError
from lumyx.local.processes import free_port


@pytest.mark.parametrize("host", ["example.com", "10.0.0.1", "localhost.example.com", "8.8.8.8"])
def test_load_is_put_on_loopback_alone(host: str) -> None:
    with pytest.raises(NotLoopback):
        Target("chat", f"http://{host}:80/", {})


@pytest.fixture
def mock(tmp_path: Path) -> Iterator[Callable[[str], Target]]:
    """Runs the bundled mock provider; gives how it is called for a kind of load."""
    port = free_port()
    command = [sys.executable, "-m", "lumyx.bench.bundled_mock", str(port)]
    with serving(command, port=port, log=tmp_path / "log"):
        url = f"http://127.0.0.1:{port}"
        yield lambda kind: Target(kind, f"{url}/{kind}/chat/completions", {}, ["a", "b"])


@pytest.mark.parametrize("kind", ["whole", "stream", "paced"])
def test_the_bundled_generator_counts_what_the_bundled_mock_answers(
    kind: str, mock: Callable[[str], Target], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lumyx.bench.load.shutil.which", lambda name: None)
    found = load.put(mock(kind), connections=4, seconds=3, directory=tmp_path)
    assert (found.not_200, found.broken) == (0, 0)
    assert found.requests >= 4
    assert 0 < found.whole_bytes <= found.bytes


def test_the_size_of_an_answer_leaves_out_those_that_were_cut(
    mock: Callable[[str], Target], tmp_path: Path
) -> None:
    heads = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 370\r\n\r\n"
    assert len(answers.WHOLE) == 370
    assert load.size_of(mock("whole"), directory=tmp_path) == len(heads) + 370


def test_requests_at_a_steady_rate_are_as_many_as_were_asked_for(
    mock: Callable[[str], Target], tmp_path: Path
) -> None:
    found = load.put_steadily(mock("stream"), rate=50, seconds=1, directory=tmp_path)
    assert (found.asked, found.answered, found.not_200, found.broken) == (50, 50, 0, 0)
    assert 0 < found.p50_ms <= found.p99_ms


def test_a_server_that_falls_behind_is_asked_all_the_same(
    mock: Callable[[str], Target], tmp_path: Path
) -> None:
    """The mock waits 2 s before each chunk that it holds back, yet each answer begins at once."""
    found = load.put_steadily(mock("held"), rate=50, seconds=1, directory=tmp_path)
    assert (found.answered, found.broken) == (50, 0)


def test_streams_that_keep_their_pace_are_not_late(
    mock: Callable[[str], Target], tmp_path: Path
) -> None:
    for _ in range(5):
        found = load.put_paced(mock("paced"), streams=4, turns=1, directory=tmp_path)
        assert (found.streams, found.not_200, found.broken) == (4, 0, 0)
        if not found.late:
            return
    pytest.fail("late each time: not a busy machine's accident")


def test_streams_that_are_slower_than_their_pace_are_late(
    mock: Callable[[str], Target], tmp_path: Path
) -> None:
    found = load.put_paced(mock("held"), streams=2, turns=1, directory=tmp_path)
    assert (found.streams, found.late) == (0, 2)


def test_held_streams_are_open_until_the_block_ends(
    mock: Callable[[str], Target], tmp_path: Path
) -> None:
    with load.holding(mock("held"), streams=40, seconds=10, directory=tmp_path) as held:
        assert (held.open, held.not_200, held.broken) == (40, 0, 0)


def chunks(*times: float) -> Lateness:
    """Return the lateness of one stream whose chunks come at these times, one by one."""
    stream = Lateness(asked_at=0)
    for moment in times:
        stream.hear(1, now=moment)
    return stream


def test_a_chunk_is_late_by_its_distance_from_the_first() -> None:
    assert not chunks(0.5, 0.52, 0.54, 0.63).late
    assert not chunks(0.5, 0.619).late  # It was due at 0.52.
    assert chunks(0.5, 0.621).late


def test_a_first_chunk_is_late_after_a_second() -> None:
    assert not chunks(0.99).late
    assert chunks(1.01).late


def test_of_chunks_that_come_together_the_oldest_waited_longest() -> None:
    stream = chunks(0.0)
    stream.hear(6, now=0.121)  # The first of the six was due at 0.02.
    assert stream.late


@pytest.mark.parametrize(
    ("found", "met"), [(400.0, True), (350.0, True), (349.0, False), (None, None)]
)
def test_a_goal_from_below_is_met_or_not_or_was_not_measured(
    found: float | None, met: bool | None
) -> None:
    assert Goal("Streams", "streams", 350).met({"streams": found}) is met


def test_a_goal_from_above_is_met_below_its_bound() -> None:
    goal = Goal("Memory", "memory", 60, " KB", at_least=False)
    assert (goal.met({"memory": 59.9}), goal.met({"memory": 60.1})) == (True, False)


def run_of(*, requests: int = 0, bytes: int = 0, cpu: float = 0, size: float | None = None) -> Run:
    result = Result(
        requests=requests, seconds=2, bytes=bytes, p50_ms=1, p99_ms=1, not_200=0, broken=0
    )
    return Run(result, {"web": cpu}, size)


def test_parts_of_answers_count_by_their_bytes() -> None:
    run = run_of(requests=1, bytes=250, cpu=0.005, size=100)
    assert (run.answers, run.rate, run.cpu_ms("web")) == (2.5, 1.25, 2.0)


def test_a_ratio_is_the_median_of_those_of_each_round() -> None:
    ours = [run_of(requests=n) for n in (100, 300, 90)]
    theirs = [run_of(requests=n) for n in (10, 10, 10)]
    assert ratio(ours, theirs) == 10
    assert ratio(ours, [run_of()] * 3) is None


@pytest.mark.parametrize("first", [50, LEVELS[-1]])
@pytest.mark.parametrize("carries", [0, 5, 60, 349, 350, 10_000])
def test_the_largest_level_that_holds_is_found_in_few_steps(carries: int, first: int) -> None:
    tried: list[int] = []

    def holds(level: int) -> bool:
        tried.append(level)
        return level <= carries

    assert largest(LEVELS, holds, first=first) == max(
        (n for n in LEVELS if n <= carries), default=0
    )
    assert len(tried) <= 7
    assert len(tried) == len(set(tried))


def test_a_table_is_text_and_markdown() -> None:
    table = Table("Speed", ("", "calls/s"), [["a|b", "1"], ["c", "1,000"]], "Note.")
    assert table.text() == "Speed\n     calls/s\na|b        1\nc      1,000\nNote."
    assert table.markdown() == (
        "## Speed\n\n|   | calls/s |\n| --- | ---: |\n| a\\|b | 1 |\n| c | 1,000 |\n\nNote.\n"
    )


def test_what_a_server_started_ends_with_it(tmp_path: Path) -> None:
    port = free_port()
    program = (
        "import subprocess, socket, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import signal, time\\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\\nprint(1, flush=True)\\ntime.sleep(60)'],"
        " stdout=subprocess.PIPE)\n"
        "child.stdout.readline()\n"
        f"open({str(tmp_path / 'child')!r}, 'w').write(str(child.pid))\n"
        f"server = socket.create_server(('127.0.0.1', {port}))\n"
        "time.sleep(60)\n"
    )
    with serving([sys.executable, "-c", program], port=port, log=tmp_path / "log"):
        child = psutil.Process(int((tmp_path / "child").read_text()))
    psutil.wait_procs([child], timeout=5)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_a_server_that_does_not_start_is_told_of(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('no such thing')"]
    with (
        pytest.raises(LocalError, match="no such thing"),
        serving(command, port=free_port(), log=tmp_path / "log"),
    ):
        pass
