"""Many who act at once, each on a database connection of its own."""

import threading
from collections.abc import Callable, Sequence

from django.db import connection


def race(acts: Sequence[Callable[[], object]]) -> list[object]:
    """Let all act at once; return what each gave, or the type of what it raised."""
    start = threading.Barrier(len(acts))
    results: list[object] = []

    def run(act: Callable[[], object]) -> None:
        try:
            connection.ensure_connection()
            start.wait(30)
            results.append(act())
        except Exception as error:
            results.append(type(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
