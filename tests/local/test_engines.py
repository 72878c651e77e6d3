import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from lumyx.local import LocalError, engines, homes, secrets
from lumyx.local.postgresql import PostgreSQL
from lumyx.local.valkey import Valkey

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to change accounts")


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory that every account can reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="lumyx-engines-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_both_engines_answer_behind_passwords_on_loopback_alone(directory: Path) -> None:
    with engines.running(directory, durable=False) as started:
        with psycopg.connect(started.database_url) as connection:
            row = connection.execute(
                "select current_setting('listen_addresses'), datcollate, datlocale, rolsuper"
                " from pg_database, pg_roles where datname = 'lumyx' and rolname = current_user"
            ).fetchone()
            assert row == ("127.0.0.1", "C", "C.UTF-8", False)
        with redis.Redis.from_url(started.redis_url) as client:
            assert client.ping()
            assert client.config_get("bind") == {"bind": "127.0.0.1"}
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        place = started.redis_url.partition("@")[2]
        with (
            redis.Redis.from_url(f"redis://{place}") as stranger,
            pytest.raises(redis.AuthenticationError),
        ):
            stranger.ping()
        wrong = started.database_url.replace("lumyx:", "lumyx:not-")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(wrong)


def test_data_outlives_the_engines_and_no_process_does(directory: Path) -> None:
    passwords = secrets.make()
    with engines.running(directory, passwords=passwords, keep=True) as first:
        pids = first.pids
        with psycopg.connect(first.database_url) as connection:
            connection.execute("create table kept as select 7 as number")
        with redis.Redis.from_url(first.redis_url) as client:
            client.set("kept", "7")
    assert not any(psutil.pid_exists(pid) for pid in pids)
    with engines.running(directory, passwords=passwords, keep=True) as second:
        with psycopg.connect(second.database_url) as connection:
            assert connection.execute("select number from kept").fetchone() == (7,)
            assert connection.execute("show synchronous_commit").fetchone() == ("on",)
        with redis.Redis.from_url(second.redis_url) as client:
            assert client.get("kept") == b"7"


def test_engines_that_a_killed_run_left_are_stopped_first(directory: Path) -> None:
    passwords = secrets.make()
    home = homes.find_home(directory)

    def postgresql() -> PostgreSQL:
        return PostgreSQL(
            home,
            log=directory / "postgresql.log",
            admin_password=passwords["POSTGRESQL_ADMIN_PASSWORD"],
            password=passwords["POSTGRESQL_PASSWORD"],
            durable=False,
        )

    def valkey() -> Valkey:
        password = passwords["VALKEY_PASSWORD"]
        return Valkey(home, log=directory / "valkey.log", password=password, durable=False)

    for make in (postgresql, valkey):
        left, engine = make(), make()
        left.prepare()
        left._start()
        with engine.running():
            assert not psutil.pid_exists(left.pid)
            engine.check()


def test_a_process_id_of_somebody_else_in_the_pid_file_is_left_alone(directory: Path) -> None:
    home = homes.find_home(directory)
    engine = Valkey(home, log=directory / "valkey.log", password="x", durable=False)
    engine.prepare()
    (engine.data / engine.pid_file).write_text(str(os.getpid()))
    assert engine.leftover() is None


def test_lost_secrets_are_an_error_that_says_what_to_do(directory: Path) -> None:
    for again in (False, True):
        started = engines.running(directory, durable=False, redis_url="redis://elsewhere/0")
        if not again:
            with started:
                continue
        with pytest.raises(LocalError, match=r"secrets\.env"), started:
            pass


def test_an_engine_whose_url_is_given_is_not_started(directory: Path) -> None:
    with engines.running(
        directory, database_url="postgresql://a@b/c", redis_url="redis://d/0"
    ) as started:
        assert started == engines.Engines("postgresql://a@b/c", "redis://d/0")
    assert list(directory.iterdir()) == []


@as_root
def test_engines_of_root_work_below_a_directory_that_only_root_may_enter(
    directory: Path,
) -> None:
    closed = directory / "closed"
    closed.mkdir(mode=0o700)
    with engines.running(closed / "var", durable=False) as started:
        elsewhere = (closed / "var" / "postgresql").readlink()
        assert elsewhere.is_relative_to(homes.ELSEWHERE)
        assert elsewhere.stat().st_uid != 0
        assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o700
        assert all(psutil.Process(pid).uids().real != 0 for pid in started.pids)
        with psycopg.connect(started.database_url) as connection:
            assert connection.execute("select 1").fetchone() == (1,)
    assert not elsewhere.parent.exists()
