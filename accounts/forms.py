"""What people type in about themselves."""

import unicodedata
from typing import Any

from allauth.account.forms import LoginForm
from django import forms
from django.core.exceptions import ValidationError

from accounts import avatars
from accounts.models import User
from accounts.wording import WordedForm


class StaffSignInForm(LoginForm):  # type: ignore[misc]
    """Name and password, which staff alone have."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("remember", None)
        self.fields["login"].label = "Name"
        self.fields["login"].widget.attrs.pop("placeholder", None)
        self.fields["password"].widget.attrs.pop("placeholder", None)
        self.fields["password"].help_text = ""

    def clean(self) -> dict[str, Any]:
        """Refuse whoever is no staff, in the same words as a wrong password."""
        cleaned: dict[str, Any] = super().clean()
        user = getattr(self, "user", None)
        if user is not None and not user.is_staff:
            raise ValidationError("The name or the password is wrong.")
        return cleaned


class UsernameForm(WordedForm):
    """Another name."""

    username = forms.CharField(max_length=150, strip=True)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_username(self) -> str:
        """Refuse names that somebody else has here."""
        # The same to the eye is the same name.
        name = unicodedata.normalize("NFKC", self.cleaned_data["username"]).strip()
        seen = (
            letter.isalnum() and "FILLER" not in unicodedata.name(letter, "") for letter in name
        )
        if not name.isprintable() or not any(seen):
            raise ValidationError("Use letters or digits that can be seen.")
        if len(name) > 150:
            raise ValidationError("This is longer than 150 characters.")
        if User.objects.exclude(pk=self.user.pk).filter(username__iexact=name).exists():
            raise ValidationError("Somebody else has this name here.")
        return name


class EmailForm(WordedForm):
    """Another address, which counts once its owner has opened the mailed link."""

    email = forms.EmailField(max_length=254)


class AvatarForm(WordedForm):
    """Another picture."""

    picture = forms.FileField(
        help_text="PNG, JPEG, WebP or GIF up to 2 MB.",
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp,image/gif"}),
    )

    def clean_picture(self) -> bytes:
        """Return the picture encoded anew; refuse what is none."""
        sent = self.cleaned_data["picture"]
        try:
            return avatars.encode(sent.read(avatars.MOST_BYTES + 1))
        except avatars.BadPicture as error:
            raise ValidationError(str(error)) from None


class MailForm(forms.ModelForm):  # type: ignore[type-arg]
    """What somebody wants mail about."""

    class Meta:
        model = User
        fields = ("mail_low_balance", "mail_receipts", "mail_news")
        labels = {
            "mail_low_balance": "Low balance",
            "mail_receipts": "Receipts",
            "mail_news": "Product news",
        }
        help_texts = {
            "mail_low_balance": "When your credits run low.",
            "mail_receipts": "After each purchase.",
            "mail_news": "New models and features, now and then. Off unless you want it.",
        }
