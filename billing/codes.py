"""Redemption codes: made, redeemed and disabled.

A code is `LUMYX-` and 15 random characters of Crockford's base 32 (75 bits), in fives. It is
stored as HMAC-SHA256 under a versioned pepper that is not `SECRET_KEY`.
"""

import hmac
import secrets
import unicodedata
import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import TypedDict, Unpack

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from billing import alone, freezes, ledger
from billing.models import Account, Code, LedgerKind, Redemption

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: without I, L, O and U."""
PREFIX = "LUMYX"
RANDOM_LENGTH = 15
GROUP = 5
TYPED_MOST = 64
"""The longest text that may be a code, with whatever spaces and dashes somebody typed."""
LOOK_ALIKE = str.maketrans("OIL", "011")
MOST_AT_ONCE = 500


class Terms(TypedDict, total=False):
    """What codes give and how often; the fields are those of `Code`."""

    expires_at: datetime | None
    most: int | None
    most_each: int
    bonus: bool
    note: str


class CodeRefused(Exception):
    """The code gives nothing; `sentence` says why to the person who typed it."""

    sentence = "This code cannot be redeemed."

    def __init__(self) -> None:
        super().__init__(self.sentence)


class UnknownCode(CodeRefused):
    """There is no such code, or it was disabled, or waits: nobody may learn which."""

    sentence = "There is no such code. Please check how it is written."


class ExpiredCode(CodeRefused):
    """Its time is over."""

    sentence = "This code has expired."


class UsedUpCode(CodeRefused):
    """It was redeemed as often as it may be in all."""

    sentence = "This code has been used up."


class AlreadyRedeemed(CodeRefused):
    """This account redeemed it as often as one account may."""

    sentence = "You have redeemed this code already."


class SamePerson(Exception):
    """Who made a code that waits may not approve it."""


class NotWaiting(Exception):
    """The code was approved before, or disabled."""


class MadeBefore(Exception):
    """A batch of codes under this id was made before; its texts cannot be shown again."""


def make(*, value: int, by: User | None, **terms: Unpack[Terms]) -> tuple[Code, str]:
    """Make a code that gives so many micro-credits; return it and its text, never seen again.

    Raises Django's ValidationError where the terms are out of bounds.
    """
    [made] = make_batch(1, value=value, by=by, **terms)
    return made


@transaction.atomic
def make_batch(
    count: int,
    *,
    value: int,
    by: User | None,
    batch: uuid.UUID | None = None,
    **terms: Unpack[Terms],
) -> list[tuple[Code, str]]:
    """Make codes on the same terms; return each with its text, never seen again.

    They wait for a second person where all of them may give more than `APPROVAL_CREDITS`, together
    with what the codes that somebody made alone within a day may give.
    Raises Django's ValidationError where the terms or the count are out of bounds, and
    MadeBefore where a batch of this id was made: so a form that was sent twice makes one batch.
    """
    if not 1 <= count <= MOST_AT_ONCE:
        raise ValidationError(f"At most {MOST_AT_ONCE} codes are made at once.")
    batch = batch or uuid.uuid4()
    most = terms.get("most", 1)
    worst = None if most is None else count * value * most
    version = max(settings.KEY_PEPPERS)
    texts = [_new_text() for _ in range(count)]
    if by is not None:
        # Under this lock the same person makes no others, so that splitting changes nothing.
        User.objects.select_for_update(no_key=True).get(pk=by.pk)
    waits = by is not None and alone.codes_are_too_much(worst, by=by)
    rows = [
        Code(
            digest=_digest(text, settings.KEY_PEPPERS[version]),
            pepper_version=version,
            hint=text[-4:],
            value=value,
            created_by=by,
            batch=batch,
            batch_place=place,
            waits=waits,
            **terms,
        )
        for place, text in enumerate(texts)
    ]
    rows[0].full_clean(exclude=["digest"], validate_unique=False, validate_constraints=False)
    # Skipping rows that are there already is what makes two forms sent at once safe.
    with transaction.atomic():
        Code.objects.bulk_create(rows, ignore_conflicts=True)
        stored = {bytes(code.digest): code for code in Code.objects.filter(batch=batch)}
        if stored.keys() != {bytes(row.digest) for row in rows}:
            raise MadeBefore
    return [
        (stored[bytes(row.digest)], _written(text)) for row, text in zip(rows, texts, strict=True)
    ]


@transaction.atomic
def redeem(account: Account, text: str) -> Redemption:
    """Give an account what a code gives, with its ledger entry; raise CodeRefused if it may not.

    The row of the code is locked, so that it is never redeemed more often than it may be,
    however many try at once.
    """
    code = _locked(text)
    if code.expires_at is not None and code.expires_at <= timezone.now():
        raise ExpiredCode
    redeemed = Redemption.objects.filter(code=code)
    own = redeemed.filter(account=account).count()
    if own >= code.most_each:
        raise AlreadyRedeemed
    if code.most is not None and redeemed.count() >= code.most:
        raise UsedUpCode
    redemption = Redemption.objects.create(
        code=code, account=account, nth=own + 1, amount=code.value
    )
    balance = ledger.post(
        account=account.id,
        kind=LedgerKind.GRANT,
        amount=redemption.amount,
        reference=f"code {redemption.id.hex}",
        bonus=code.bonus,
    )
    if balance is None:
        raise RuntimeError("a redemption moved nothing")
    # It may have paid a debt off.
    freezes.review(account.id)
    return redemption


@transaction.atomic
def approve(code: Code, *, by: User) -> Code:
    """Let a code that waits be redeemed; raises SamePerson for who made it, and NotWaiting."""
    row = Code.objects.select_for_update().get(pk=code.pk)
    if not row.waits or row.disabled_at is not None:
        raise NotWaiting
    if by.pk == row.created_by_id:
        raise SamePerson
    row.waits, row.approved_by, row.approved_at = False, by, timezone.now()
    row.save(update_fields=["waits", "approved_by", "approved_at"])
    return row


def disable(codes: Iterable[Code]) -> int:
    """Stop codes for good; return how many of them worked until now."""
    rows = Code.objects.filter(pk__in=[code.pk for code in codes], disabled_at=None)
    return rows.update(disabled_at=timezone.now())


def _locked(text: str) -> Code:
    body = _normalised(text)
    if body is None:
        raise UnknownCode
    digests = [_digest(body, pepper) for pepper in settings.KEY_PEPPERS.values()]
    rows = Code.objects.select_for_update().filter(
        digest__in=digests, disabled_at=None, waits=False
    )
    code = rows.first()
    if code is None:
        raise UnknownCode
    return code


def _new_text() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_LENGTH))


def _written(text: str) -> str:
    groups = [text[n : n + GROUP] for n in range(0, RANDOM_LENGTH, GROUP)]
    return "-".join([PREFIX, *groups])


def _normalised(typed: str) -> str | None:
    """Return the random characters of what somebody typed, or None where it is no code."""
    if len(typed) > TYPED_MOST:
        return None
    kept = [c for c in typed if not c.isspace() and unicodedata.category(c) != "Pd"]
    text = "".join(kept).upper().translate(LOOK_ALIKE)
    # No U is among the random characters, so that they never look like the prefix.
    text = text.removeprefix(PREFIX.translate(LOOK_ALIKE))
    return text if len(text) == RANDOM_LENGTH and set(text) <= set(ALPHABET) else None


def _digest(text: str, pepper: str) -> bytes:
    return hmac.digest(pepper.encode(), f"redemption code {text}".encode(), "sha256")
