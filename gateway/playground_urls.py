"""The path of calls from the playground, below `/playground`; its page is the website's."""

from django.urls import path

from gateway.playground import PATH, PlaygroundCall

urlpatterns = [path(PATH.removeprefix("/playground/"), PlaygroundCall.as_view())]
