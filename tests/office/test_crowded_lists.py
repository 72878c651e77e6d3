"""With ten thousand rows a list asks the database no more often than with one."""

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.db import connection, models, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.office import crowd
from tests.staff import staff_client

ROWS = 10_000
MOST_QUERIES = 16
"""The session, who asks, what they may, the list itself, its count, its filters, and the note."""


@pytest.fixture(scope="module")
def crowded(database: None) -> Iterator[tuple[Client, dict[type[models.Model], int]]]:
    client = staff_client(superuser=True)
    with transaction.atomic():
        yield client, crowd.fill(ROWS)
        transaction.set_rollback(True)


def test_no_list_asks_more_often_the_more_rows_it_has(
    crowded: tuple[Client, dict[type[models.Model], int]],
) -> None:
    client, made = crowded
    crowds = {model._meta.label for model, rows in made.items() if rows >= ROWS}
    assert len(crowds) > 25, crowds
    wrong = {}
    for model in made:
        if not admin.site.is_registered(model):
            continue
        meta = model._meta
        url = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
        for query in ({}, {"q": "abc"}):
            with CaptureQueriesContext(connection) as queries:
                answer = client.get(url, query)
            assert answer.status_code == 200, url
            if len(queries) > MOST_QUERIES:
                wrong[meta.label] = len(queries)
    assert wrong == {}
