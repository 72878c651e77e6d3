"""How the columns of the database are classified: whose they are, what for, and for how long."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.apps import apps
from django.db.models import Model, QuerySet

from accounts.models import User


class Purpose(StrEnum):
    """What personal data is used for: the six lines of section 3 of the privacy policy."""

    SERVICE = "Provide, maintain, and improve the Service"
    ACCOUNT = "Process transactions and manage your account"
    LIMITS = "Enforce rate limits and prevent abuse"
    ANALYSIS = "Monitor and analyze usage patterns and trends"
    MESSAGES = "Communicate with you about the Service, updates, and support"
    LAW = "Comply with legal obligations"


class Recipient(StrEnum):
    """Who else receives some of a data set; section 5 of the privacy policy."""

    NABZCLAN = "NabzClan"
    STRIPE = "Stripe"


class OnErasure(StrEnum):
    """What becomes of a row when its person is erased."""

    DELETE = "deleted"
    PSEUDONYM = "kept under a random number that leads to nobody"
    BLANK = "personal columns emptied"


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """The rows of one table that belong to a person, each column classified.

    `columns` are personal and exported; `secrets` are personal and leave in no export, since they
    would let somebody in; `staff` name members of staff, who are other people; `plumbing` says
    nothing of anybody.
    """

    name: str
    title: str
    about: str
    model: type[Model]
    of: Callable[[User], QuerySet[Any]]
    columns: tuple[str, ...]
    secrets: tuple[str, ...] = ()
    staff: tuple[str, ...] = ()
    plumbing: tuple[str, ...] = ()
    purposes: tuple[Purpose, ...]
    recipients: tuple[Recipient, ...] = ()
    kept: str
    days: int | None = None
    """How many days a row is kept at most, where the clock runs from the row's beginning."""
    on_erasure: OnErasure
    kept_because: str = ""
    order: tuple[str, ...] = ("pk",)
    """Columns that an index has in this order and that together name a row: how it is read."""

    shown: Callable[[User], QuerySet[Any]] | None = None
    """The rows that the person may see, where a law hides some of them for a while."""

    def shown_to(self, user: User) -> QuerySet[Any]:
        """Return the rows of somebody that pages and copies show them."""
        return (self.shown or self.of)(user)

    @property
    def classified(self) -> list[str]:
        """Return every column that is classified, in order."""
        return [*self.columns, *self.secrets, *self.staff, *self.plumbing]

    @property
    def tables(self) -> list[str]:
        """Return the tables that are classified."""
        return [self.model._meta.db_table]


@dataclass(frozen=True, kw_only=True)
class NotPersonal:
    """A table with nothing about people but, in `staff`, which member of staff acted."""

    label: str
    why: str
    columns: tuple[str, ...]
    staff: tuple[str, ...] = ()
    empty: bool = False
    """Whether nothing is ever stored there: rows would be a fault."""

    @property
    def model(self) -> type[Model]:
        """Return the model; raises LookupError where there is none."""
        return apps.get_model(self.label)

    @property
    def classified(self) -> list[str]:
        """Return every column that is classified, in order."""
        return [*self.columns, *self.staff]

    @property
    def tables(self) -> list[str]:
        """Return the tables that are classified."""
        return [self.model._meta.db_table]


Classified = DataSet | NotPersonal

WHILE_ACTIVE = "while the account is active"
