"""Every column of the database is classified, or nothing starts."""

import pytest
from django.db import connection, models
from django.test.utils import isolate_apps

from accounts.data_sets import Classified, DataSet, NotPersonal
from billing import checkout
from billing.stripe_api import api
from privacy import checks, inventory
from tests.customers import Customer, make_customer
from tests.processes import Server
from tests.shop import StripeProcess, bought, settle_events

PARTITION_OF = "select inhrelid from pg_inherits"
NOT_OURS = {"django_migrations"}
"""Which migrations were applied: nothing about anybody."""


def gaps(entries: list[Classified]) -> list[str]:
    return inventory.gaps(entries, inventory.stored_models())


def test_nothing_is_unclassified() -> None:
    assert gaps(inventory.everything()) == []
    assert checks.every_column_is_classified(None) == []


def test_every_table_of_the_database_is_a_classified_model(database: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "select relname from pg_class where relkind in ('r', 'p')"
            " and relnamespace = 'public'::regnamespace"
            f" and oid not in ({PARTITION_OF})"
        )
        tables = {name for (name,) in cursor.fetchall()}
    known = {table for entry in inventory.everything() for table in entry.tables}
    detached = {name for name in tables if name.startswith("gateway_requestlog_")}
    assert tables - detached - NOT_OURS == known


def test_every_column_of_the_database_is_a_field_that_is_classified(database: None) -> None:
    for entry in inventory.everything():
        with connection.cursor() as cursor:
            described = connection.introspection.get_table_description(cursor, entry.tables[0])
        fields = {f.column: f.name for f in entry.model._meta.local_fields}
        assert {fields.get(column.name) for column in described} == set(entry.classified)


def test_a_new_column_fails_the_build() -> None:
    with isolate_apps("accounts"):

        class Diary(models.Model):  # noqa: DJ008
            birthday = models.DateField()

            class Meta:
                app_label = "accounts"

        found = inventory.gaps(inventory.everything(), [*inventory.stored_models(), Diary])
        assert found == ["accounts.Diary is not classified"]


@pytest.mark.parametrize("name", ["profile", "calls", "orders", "stripe-events"])
def test_a_forgotten_column_and_one_that_is_gone_fail_the_build(name: str) -> None:
    entries = inventory.everything()
    place = next(n for n, e in enumerate(entries) if isinstance(e, DataSet) and e.name == name)
    entry = entries[place]
    assert isinstance(entry, DataSet)
    first, *others = entry.columns
    label = entry.model._meta.label
    entries[place] = changed(entry, columns=(*others, "birthday"))
    assert gaps(entries) == [
        f"{label}.{first} is not classified",
        f"{label}.birthday is classified and gone",
    ]
    entries[place] = changed(entry, secrets=(*entry.secrets, first), purposes=())
    assert gaps(entries) == [
        f"{name} has no purpose",
        f"{label}.{first} is classified twice",
    ]


def changed(entry: DataSet, **values: object) -> DataSet:
    return DataSet(**{**vars(entry), **values})


def test_each_row_belongs_to_its_person_alone(
    server: Server, stripe: StripeProcess, customer: Customer
) -> None:
    other = make_customer()
    for person in (customer, other):
        person.chat(server)
        order = bought(stripe, person.account)
        api().refunds.create({"payment_intent": str(order.payment_intent), "amount": 100})
        stripe.control(f"disputes/{stripe.dispute(order)['id']}", status="won")
        checkout.begin(person.account, cents=500)
    settle_events()
    filled = set()
    for entry in inventory.data_sets():
        mine = set(entry.of(customer.user).values_list("pk", flat=True))
        theirs = set(entry.of(other.user).values_list("pk", flat=True))
        assert not mine & theirs, entry.name
        if mine:
            assert theirs, entry.name
            filled.add(entry.name)
    assert filled >= {
        *("profile", "keys", "calls", "balance", "ledger", "orders", "holds"),
        *("stripe-customer", "stripe-customers", "stripe-payments", "stripe-charges"),
        *("stripe-checkouts", "stripe-events"),
    }


def test_nothing_is_ever_stored_where_nothing_should_be(
    stripe: StripeProcess, customer: Customer
) -> None:
    bought(stripe, customer.account)
    settle_events()
    for entry in inventory.everything():
        if isinstance(entry, NotPersonal) and entry.empty:
            assert not entry.model._default_manager.exists(), entry.label


def test_every_copy_of_a_customers_payments_belongs_to_somebody(
    stripe: StripeProcess, customer: Customer
) -> None:
    order = bought(stripe, customer.account)
    api().refunds.create({"payment_intent": str(order.payment_intent), "amount": 100})
    settle_events()
    payment = str(order.payment_intent)
    for entry in inventory.data_sets():
        if not entry.name.startswith("stripe-") or entry.name == "stripe-customer":
            continue
        model = entry.model
        column = "data" if entry.name == "stripe-events" else "stripe_data"
        if column not in entry.columns:
            continue
        naming = {
            row.pk for row in model._default_manager.all() if payment in str(getattr(row, column))
        }
        assert naming <= set(entry.of(customer.user).values_list("pk", flat=True)), entry.name
