"""Note the day on which somebody was last here: no more is needed to know that they still come."""

from datetime import date
from uuid import UUID

from django.db import connection

# One statement: never back in time, and not for somebody who was erased meanwhile.
NOTE = """
insert into accounts_lastvisit (user_id, day)
select id, %(day)s from accounts_user where id = %(user)s
on conflict (user_id) do update set day = excluded.day
where accounts_lastvisit.day < excluded.day
"""


def note(user: UUID, day: date) -> None:
    """Note that somebody was here on a day (UTC)."""
    with connection.cursor() as cursor:
        cursor.execute(NOTE, {"user": user, "day": day})
