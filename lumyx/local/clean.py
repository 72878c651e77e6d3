"""`make clean`: stop what an earlier run left, and remove what runs have made."""

import shutil

from lumyx.local.homes import find_home
from lumyx.local.postgresql import PostgreSQL
from lumyx.local.run import VAR, only_run
from lumyx.local.valkey import Valkey


def main() -> None:
    """Remove `var/` and the engines' data elsewhere."""
    if not VAR.is_dir():
        return
    with only_run(VAR / "run.lock"):
        home = find_home(VAR)
        log = VAR / "log"
        PostgreSQL(home, log=log, admin_password="", password="", durable=True).end_leftover()
        Valkey(home, log=log, password="", durable=True).end_leftover()
        if home.directory != VAR:
            shutil.rmtree(home.directory)
        shutil.rmtree(VAR)


if __name__ == "__main__":
    main()
