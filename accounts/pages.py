"""The pages of a person's account: read, call, respond."""

from typing import cast

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import corrections, sessions
from accounts.forms import AvatarForm, EmailForm, MailForm, UsernameForm
from accounts.limited import limited
from accounts.models import Avatar, User
from accounts.nabzclan import client


def signed_in(request: HttpRequest) -> User:
    """Return who is signed in, at a view that lets nobody else in."""
    return cast(User, request.user)


def safe_next(request: HttpRequest) -> str:
    """Return the page of ours that `next` names, or nothing."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()})
    # Any other word would be taken for the name of a page.
    return wanted if ours and wanted.startswith("/") else ""


@never_cache
@require_safe
def sign_in(request: HttpRequest) -> HttpResponse:
    """Offer to sign in with NabzClan, and say so where it does not answer."""
    if request.user.is_authenticated:
        return redirect(safe_next(request) or "dashboard")
    context = {"next": safe_next(request), "down": client.is_down()}
    return render(request, "accounts/sign_in.html", context)


@never_cache
@login_required
@require_safe
def sign_in_again(request: HttpRequest) -> HttpResponse:
    """Ask for a fresh sign-in before a sensitive act."""
    context = {"next": safe_next(request) or reverse("dashboard"), "down": client.is_down()}
    return render(request, "accounts/sign_in_again.html", context)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End this session; its row is deleted."""
    logout(request)
    return redirect("landing")


@login_required
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """Show what NabzClan sent, what was corrected, and what mail is wanted."""
    return _account(request)


def _account(request: HttpRequest, *, status: int = 200, **forms: object) -> HttpResponse:
    user = signed_in(request)
    context = {
        "link": getattr(user, "nabzclan", None),
        "username_form": UsernameForm(user=user, initial={"username": user.username}),
        "email_form": EmailForm(initial={"email": user.email}),
        "avatar_form": AvatarForm(),
        "mail_form": MailForm(instance=user),
        **forms,
    }
    return render(request, "accounts/account.html", context, status=status)


@login_required
@require_POST
@limited("20/h")
def correct_username(request: HttpRequest) -> HttpResponse:
    """Take another name."""
    form = UsernameForm(request.POST, user=signed_in(request))
    if form.is_valid():
        try:
            corrections.correct_username(signed_in(request), form.cleaned_data["username"])
            messages.success(request, "Your name is corrected.")
            return redirect("account")
        except corrections.NameTaken:
            form.add_error("username", "Somebody else has this name here.")
    signed_in(request).refresh_from_db()
    return _account(request, status=400, username_form=form, open="username")


@login_required
@require_POST
@limited("6/h")
def correct_email(request: HttpRequest) -> HttpResponse:
    """Mail a link to another address."""
    form = EmailForm(request.POST)
    if not form.is_valid():
        return _account(request, status=400, email_form=form, open="email")
    if not corrections.mail_link(signed_in(request), form.cleaned_data["email"]):
        form.add_error("email", "Our mail does not go out right now. Try again in a few minutes.")
        return _account(request, status=503, email_form=form, open="email")
    messages.success(
        request,
        f"We mailed a link to {form.cleaned_data['email']}. Your address changes once you open it.",
    )
    return redirect("account")


@never_cache
@login_required
def confirm_email(request: HttpRequest) -> HttpResponse:
    """Take a new address once its owner confirms it; mail scanners that open links do not."""
    token = request.POST.get("token") or request.GET.get("token", "")
    if request.method != "POST":
        return render(request, "accounts/confirm_email.html", {"token": token})
    try:
        email = corrections.confirm_email(signed_in(request), token)
    except corrections.BadLink:
        return render(request, "accounts/confirm_email.html", {"bad": True}, status=400)
    messages.success(request, f"Your email address is now {email}.")
    return redirect("account")


@login_required
@require_POST
@limited("20/h")
def correct_avatar(request: HttpRequest) -> HttpResponse:
    """Take another picture, or none."""
    if "none" in request.POST:
        corrections.correct_avatar(signed_in(request), b"")
        return redirect("account")
    form = AvatarForm(request.POST, request.FILES)
    if not form.is_valid():
        return _account(request, status=400, avatar_form=form, open="avatar")
    corrections.correct_avatar(signed_in(request), form.cleaned_data["picture"])
    messages.success(request, "Your picture is changed.")
    return redirect("account")


@login_required
@require_POST
def undo_correction(request: HttpRequest, field: str) -> HttpResponse:
    """Go back to what NabzClan says."""
    try:
        corrections.undo(signed_in(request), field)
    except ValueError:
        raise Http404 from None
    messages.success(request, f"Your {field} is again the one that NabzClan sends.")
    return redirect("account")


@login_required
@require_POST
def choose_mail(request: HttpRequest) -> HttpResponse:
    """Take what mail somebody wants."""
    form = MailForm(request.POST, instance=signed_in(request))
    form.save()
    messages.success(request, "Your choices are saved.")
    return redirect("account")


@login_required
@require_safe
def avatar(request: HttpRequest, digest: str) -> HttpResponse:
    """Serve the signed-in person's own picture; its address changes with it."""
    if request.headers.get("If-None-Match") == f'"{digest}"':
        return HttpResponseNotModified()
    row = Avatar.objects.filter(user=signed_in(request), digest=digest).first()
    if row is None:
        raise Http404
    return HttpResponse(
        bytes(row.content),
        content_type="image/webp",
        headers={
            "Cache-Control": "private, max-age=31536000, immutable",
            "ETag": f'"{digest}"',
            "X-Content-Type-Options": "nosniff",
        },
    )


@login_required
@require_safe
def list_sessions(request: HttpRequest) -> HttpResponse:
    """Show where the person is signed in."""
    rows = sessions.open_sessions(signed_in(request))
    here = request.session.session_key
    return render(request, "accounts/sessions.html", {"sessions": rows, "here": here})


@login_required
@require_POST
def end_session(request: HttpRequest) -> HttpResponse:
    """Sign out another browser, or all but this one, or all."""
    user, which = signed_in(request), request.POST.get("which", "")
    here = request.session.session_key
    if which == "all":
        sessions.end(user)
        logout(request)
        return redirect("landing")
    count = sessions.end(user, but=here) if which == "others" else sessions.end_one(user, which)
    messages.success(request, "Signed out." if count else "That session had ended already.")
    return redirect("sessions")
