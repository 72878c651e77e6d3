"""The documentation as plain Markdown, for programs that read it."""

import re
from collections.abc import Iterator

from lumyx.docs import contents, reference
from lumyx.docs.contents import Page
from lumyx.docs.filling import Values, fill
from lumyx.docs.reference import Field, Operation

FENCE = re.compile(r"^(```\w+) .*$", re.M)
"""The beginning of a fence whose info string says more than its language."""
LINK = re.compile(r"\]\(/")
SUMMARY = (
    "One HTTP endpoint for many AI models, spoken by any OpenAI or Anthropic SDK. Each call is "
    "charged to the token in credits (1 credit is US$1.00), and prompts and answers are never "
    "stored or logged."
)


def page(page: Page, values: Values) -> str:
    """Return a page as Markdown with whole addresses."""
    text = f"# {page.title}\n\n{page.lead}\n\n{page.body.strip()}\n"
    return LINK.sub(f"]({values.url}/", FENCE.sub(r"\1", fill(text, values)))


def contents_list(values: Values) -> str:
    """Return the text that stands at `/llms.txt`."""
    lines = ["# LumyxAI", "", f"> {SUMMARY}", ""]
    lines += [
        f"- Base URL for OpenAI’s SDKs: `{values.base}/v1`",
        f"- Base URL for Anthropic’s SDKs: `{values.base}`",
        "- Key: `Authorization: Bearer lx-…` or `x-api-key: lx-…`",
    ]
    for section in contents.sections():
        lines += ["", f"## {section.title}", ""]
        lines += [
            f"- [{page.title}]({values.url}{page.url}.md): {page.lead}" for page in section.pages
        ]
    lines += [
        f"- [OpenAPI document]({values.base}/v1/openapi.json): The API for programs; needs no key.",
        "",
        "## Optional",
        "",
        f"- [Everything in one text]({values.url}/llms-full.txt): All of these pages.",
        f"- [Privacy policy]({values.url}/privacy): What is kept, and for how long.",
    ]
    return "\n".join(lines) + "\n"


def everything(values: Values) -> str:
    """Return all pages as one text."""
    parts = [f"# LumyxAI\n\n> {SUMMARY}\n"]
    for found in contents.pages().values():
        is_reference = found.slug == contents.REFERENCE
        parts.append(reference_page(values) if is_reference else page(found, values))
    return "\n---\n\n".join(parts)


def reference_page(values: Values) -> str:
    """Return the API reference as Markdown."""
    found = contents.pages()[contents.REFERENCE]
    lines = [f"# {found.title}", "", found.lead]
    for group in reference.groups():
        for operation in group.operations:
            lines += ["", f"## {operation.method} {operation.path}", "", operation.summary]
            lines += _operation(operation, values)
    return "\n".join(lines) + "\n"


def _operation(operation: Operation, values: Values) -> Iterator[str]:
    for title, fields in (
        ("Parameters", operation.parameters),
        ("Body", operation.takes),
        ("Answer", operation.gives),
    ):
        if fields:
            yield from ("", f"{title}:", "")
            yield from _fields(fields)
    statuses = ", ".join(refusal.status for refusal in operation.refusals)
    yield from ("", f"Errors: {statuses}.")
    for fence in (operation.curl(values), operation.answer(values)):
        yield from ("", f"```{fence.language}", fence.text, "```")


def _fields(fields: tuple[Field, ...], depth: int = 0) -> Iterator[str]:
    for field in fields:
        notes = [field.kind, *(["required"] if field.required else []), *field.bounds]
        if field.allowed:
            notes.append("one of " + ", ".join(field.allowed))
        said = f": {field.description}" if field.description else ""
        yield f"{'  ' * depth}- `{field.name}` ({', '.join(notes)}){said}"
        yield from _fields(field.children, depth + 1)
