"""The imitated NabzClan's people, and how its user endpoint shows them."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

FIRST_NEW_ID = 41
ADULT_BIRTH_YEAR = 1990
UNDER_13 = 11
"""The age in years that the youngest of the default people reaches this year."""
VIP_DAYS = 200


class Person(msgspec.Struct):
    """A member of NabzClan; `vip` is the level, and no expiry means that it does not end."""

    id: int
    name: str
    email: str | None
    avatar: str | None
    vip: int | None
    vip_expires_at: str | None
    email_verified: bool = True
    birth_year: int = ADULT_BIRTH_YEAR
    role: str = "member"

    @property
    def label(self) -> str:
        """What the consent page says of the person besides the VIP level."""
        if datetime.now(UTC).year - self.birth_year < 13:
            return "under 13"
        return "staff" if self.role == "staff" else ""

    @property
    def plan(self) -> dict[str, str | None] | None:
        """The VIP plan as NabzClan writes it."""
        if self.vip is None:
            return None
        return {"name": f"VIP {self.vip}", "expires_at": self.vip_expires_at}

    def shown(self, scope: Collection[str]) -> dict[str, Any]:
        """Return what a token with these scopes may read, in NabzClan's own form."""
        shown: dict[str, Any] = {
            "id": self.id,
            "name": self.name,
            "nabzclan_user_id": str(self.id),
            "avatar": self.avatar,
            "birth_year": self.birth_year,
            "role": self.role,
        }
        if "email" in scope:
            shown |= {"email": self.email, "email_verified": self.email_verified}
        if "vip" in scope:
            shown["plan"] = self.plan
        return shown


class PersonChange(msgspec.Struct, forbid_unknown_fields=True):
    """What a test changes of a person; what it leaves out stays."""

    name: str | UnsetType = UNSET
    email: str | UnsetType | None = UNSET
    avatar: str | UnsetType | None = UNSET
    vip: int | UnsetType | None = UNSET
    vip_expires_at: str | UnsetType | None = UNSET
    email_verified: bool | UnsetType = UNSET
    birth_year: int | UnsetType = UNSET
    role: str | UnsetType = UNSET

    def apply(self, person: Person) -> None:
        """Change the person."""
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if value is not UNSET:
                setattr(person, name, value)


class People:
    """Everybody in the community; `root` is the URL that their avatars are below."""

    def __init__(self, root: str) -> None:
        self._root = root
        # Never starts anew: an id that came twice would be two people to LumyxAI.
        self._next_id = FIRST_NEW_ID
        self._people: dict[int, Person] = {}
        self.reset()

    def reset(self) -> None:
        """Bring back the default people alone."""
        young = datetime.now(UTC).year - UNDER_13
        self._people = {
            person.id: person
            for person in (
                self._make(1, "nova"),
                self._make(2, "vega", vip=1),
                self._make(3, "rigel", vip=2),
                self._make(4, "sirius", vip=3),
                self._make(5, "altair", vip=4),
                self._make(6, "pixie"),
                self._make(7, "atlas"),
            )
        }
        self._people[5].vip_expires_at = None
        self._people[6].birth_year = young
        self._people[7].role = "staff"

    def add(self, change: PersonChange) -> Person:
        """Make a person, and return them."""
        person = self._make(self._next_id, f"person-{self._next_id}")
        self._next_id += 1
        change.apply(person)
        self._people[person.id] = person
        return person

    def get(self, number: int) -> Person | None:
        """Return the person with an id, if there is one."""
        return self._people.get(number)

    def chosen(self, text: str) -> Person | None:
        """Return the person whose id a form sent, if there is one."""
        return next((person for person in self.all() if str(person.id) == text), None)

    def all(self) -> list[Person]:
        """Return everybody, in the order of their ids."""
        return list(self._people.values())

    def _make(self, number: int, name: str, vip: int | None = None) -> Person:
        expires = datetime.now(UTC) + timedelta(days=VIP_DAYS)
        return Person(
            id=number,
            name=name,
            email=f"{name}@nabzclan.test",
            avatar=f"{self._root}/avatars/{number}.png",
            vip=vip,
            vip_expires_at=expires.strftime("%Y-%m-%dT00:00:00Z"),
        )
