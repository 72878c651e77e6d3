"""Every piece of code that the site shows, and how to find out whether it is right.

Runnable samples are run, each language in a batch of its own. What is stated of their output is
held against what they put out: JSON and events by their shape, errors and texts word for word.
"""

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from gateway import snippets
from lumyx.docs import contents, reference, rendering
from lumyx.docs.filling import Values
from lumyx.docs.rendering import Fence
from tests.peers import NODE, node_project
from tests.processes import ROOT, Server
from tests.sdks import PIXEL

PYTHON, SHELL, NODE_JS = "python", "bash", "js"
RUNNABLE = (PYTHON, SHELL, NODE_JS)
STATED = ("json", "text", "http", "sse")
SNIPPETS = {"curl": SHELL, "Python": PYTHON, "Node": NODE_JS, "Anthropic": PYTHON}
STATUS = re.compile(r"^curl-status (\d+)$", re.M)
CURLRC = 'write-out = "%{stderr}curl-status %{http_code}\\n"\n'
EXACT = ("models", "model", "credits", "key", "usageList", "oneRequest", "countTokens")
"""Operations of our own, whose documented answers have every field that real ones have."""
LISTS_MODELS = (
    "import anthropic, openai; "
    "assert openai.OpenAI().models.list().data and anthropic.Anthropic().models.list().data"
)


@dataclass(frozen=True)
class Sample:
    """One piece of code: where it stands, what it is, and whose output it states, if it does."""

    name: str
    fence: Fence
    of: str = ""
    exact: bool = False

    @property
    def fails(self) -> str:
        """Return the code of the error that the sample is there to show."""
        return option(self.fence, "fails")

    @property
    def kind(self) -> str:
        """Return how it is tried; raises LookupError where nobody has said how."""
        fence = self.fence
        words = {word.partition("=")[0] for word in fence.how} - {self.name.split("#")[-1]}
        if fence.language == "bash" and words in ({"install"}, {"env"}):
            return words.pop()
        if fence.language in RUNNABLE and words <= {"fails"}:
            return "run"
        if fence.language in STATED and words == {"output"} and self.of:
            return "output"
        if fence.language == "json" and words == {"body"}:
            return "body"
        raise LookupError(f"{self.name}: nobody has said how to try `{fence.how}`")


@dataclass(frozen=True)
class Outcome:
    """What became of a sample that was run."""

    output: str
    statuses: tuple[int, ...] = ()
    error: str = ""


def option(fence: Fence, name: str) -> str:
    """Return what the info string says after `name=`."""
    return next((w.partition("=")[2] for w in fence.how if w.startswith(f"{name}=")), "")


def collect(values: Values, key: str) -> list[Sample]:
    """Return all that the documentation, its reference and the pages of the site show."""
    found: list[Sample] = []
    for page in contents.pages().values():
        found += _of_page(page.slug, rendering.render(page, values).fences)
    for group in reference.groups():
        for operation in group.operations:
            curl = Sample(f"api#{operation.id}", operation.curl(values))
            answer = operation.answer(values)
            exact = operation.id in EXACT
            found += [curl, Sample(f"{curl.name}-answer", answer, of=curl.name, exact=exact)]
    for how, given in (("environment", snippets.HERE), ("key", key)):
        for name, text in snippets.first_call(values.base, key=given, model=values.model):
            fence = Fence(SNIPPETS[name], name, (), text)
            found.append(Sample(f"first call, {name}, {how}", fence))
    return found


def _of_page(slug: str, fences: Sequence[Fence]) -> Iterator[Sample]:
    ran: dict[str, str] = {}
    for number, fence in enumerate(fences, start=1):
        name = f"{slug}-{number} {fence.label}"
        wanted = option(fence, "output")
        of = ran.get(wanted) if wanted else next(reversed(ran.values()), "")
        yield Sample(name, fence, of=of or "")
        if fence.language in RUNNABLE and not {"install", "env"} & set(fence.how):
            ran.pop(fence.label, None)
            ran[fence.label] = name


class Bench:
    """A folder with what samples read, and the environment that they find themselves in."""

    def __init__(self, folder: Path, key: str, request_id: str) -> None:
        self.folder = folder
        (folder / ".curlrc").write_text(CURLRC)
        (folder / "photo.png").write_bytes(base64.b64decode(PIXEL))
        (folder / "report.pdf").write_bytes(b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF\n")
        self.environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(folder),
            "CURL_HOME": str(folder),
            "LUMYX_API_KEY": key,
            "REQUEST_ID": request_id,
        }

    def run(self, samples: Sequence[Sample]) -> dict[str, Outcome]:
        """Run samples of one language."""
        by_language = {SHELL: self._shells, PYTHON: self._pythons, NODE_JS: self._nodes}
        return by_language[samples[0].fence.language](samples)

    def shell(self, text: str) -> Outcome:
        """Run a piece of shell."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        statuses = tuple(int(status) for status in STATUS.findall(done.stderr))
        return Outcome(done.stdout, statuses, done.stderr if done.returncode else "")

    def _shells(self, samples: Sequence[Sample]) -> dict[str, Outcome]:
        # What lists the calls comes before the others make some that are not like the one shown.
        samples = sorted(samples, key=lambda sample: "/usage" not in sample.fence.text)
        listing = sum("/usage" in sample.fence.text for sample in samples)
        texts = [sample.fence.text for sample in samples]
        with ThreadPoolExecutor(6) as threads:
            outcomes = [
                *map(self.shell, texts[:listing]),
                *threads.map(self.shell, texts[listing:]),
            ]
        return {s.name: outcome for s, outcome in zip(samples, outcomes, strict=True)}

    def _pythons(self, samples: Sequence[Sample]) -> dict[str, Outcome]:
        runner = ROOT / "tests" / "lumyx" / "run_samples.py"
        return self._ask([sys.executable, "-W", "ignore", str(runner)], samples)

    def _nodes(self, samples: Sequence[Sample]) -> dict[str, Outcome]:
        project = node_project()
        # Samples import from the folder that they lie in or one above it.
        return self._ask(["node", str(project / "samples.mjs")], samples)

    def _ask(self, command: list[str], samples: Sequence[Sample]) -> dict[str, Outcome]:
        """Have one process run all samples, and tell of each."""
        given = [{"name": sample.name, "text": sample.fence.text} for sample in samples]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            input=json.dumps(given),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout.splitlines()[-1])
        return {one["name"]: Outcome(one["output"], error=one["error"]) for one in told}


def wrong_run(sample: Sample, outcome: Outcome) -> str:
    """Return what is wrong with how a sample ran, or nothing."""
    if outcome.error:
        return outcome.error
    if sample.fails:
        told = json.loads(outcome.output)["error"].get("code")
        return "" if told == sample.fails else f"it failed with {told}"
    bad = [status for status in outcome.statuses if status != 200]
    if bad:
        return f"it met {bad}: {outcome.output}"
    silent = sample.fence.text.startswith("export ")
    return "" if outcome.output.strip() or silent else "it put out nothing"


def wrong_output(sample: Sample, outcome: Outcome) -> str:
    """Return where what is stated differs from what was put out, or nothing."""
    text, output = sample.fence.text, outcome.output
    if sample.fence.language == "json":
        stated = json.loads(text)
        problems = differences(stated, json.loads(output), exact=sample.exact)
        problems += [f"{k}: {v!r}" for k, v in _untrue_words(stated, json.loads(output))]
        return "; ".join(problems)
    if sample.fence.language == "http":
        named = {line.partition(":")[0] for line in text.splitlines()}
        came = {line.partition(":")[0].lower() for line in output.splitlines()}
        return ", ".join(sorted(named - came))
    if sample.fence.language == "sse":
        return wrong_events(events(text), events(output))
    return "" if text.strip() == output.strip() else f"it put out {output!r}"


def _untrue_words(stated: Any, real: Any) -> Iterator[tuple[str, Any]]:
    """Give what an error says differently: its words are fixed, those of models are not."""
    told = stated.get("error") if isinstance(stated, dict) else None
    for name, value in (told or {}).items():
        if real["error"][name] != value:
            yield name, real["error"][name]


def differences(stated: Any, real: Any, *, exact: bool, at: str = "answer") -> list[str]:
    """Return where the shape of a stated value is not that of a real one."""
    if isinstance(stated, dict):
        if not isinstance(real, dict):
            return [f"{at} is no object"]
        found = [f"{at}.{name} is not there" for name in stated.keys() - real.keys()]
        if exact:
            found += [f"{at}.{name} is not told of" for name in real.keys() - stated.keys()]
        for name in stated.keys() & real.keys():
            found += differences(stated[name], real[name], exact=exact, at=f"{at}.{name}")
        return found
    if isinstance(stated, list):
        if not isinstance(real, list) or (stated and not real):
            return [f"{at} is no list, or an empty one"]
        return [
            problem
            for one in stated
            for problem in differences(one, real[0], exact=exact, at=f"{at}[0]")
        ]
    alike = (int, float) if isinstance(stated, int | float) else type(stated)
    if stated is None or isinstance(real, alike):
        return []
    return [f"{at} is {real!r}"]


def events(text: str) -> list[tuple[str, Any]]:
    """Return the events of a stream: each with its name, and its data as JSON where it is that."""
    found = []
    for block in text.replace("\r\n", "\n").strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        data = fields.get("data", "")
        found.append((fields.get("event", ""), json.loads(data) if data[:1] == "{" else data))
    return found


def wrong_events(stated: list[tuple[str, Any]], real: list[tuple[str, Any]]) -> str:
    """Return the first stated event that does not come, in its turn, in the real stream."""
    coming = iter(real)
    for name, data in stated:
        if not any(
            name == other
            and not differences(data, found, exact=False)
            and type(data) is type(found)
            for other, found in coming
        ):
            return f"no event {name} {data}"
    return ""


def wrong_other(sample: Sample, bench: Bench, server: Server) -> str:
    """Return what is wrong with a sample that is neither run by itself nor an output."""
    text = sample.fence.text
    if sample.kind == "install":
        pinned = (ROOT / "requirements-dev.txt").read_text() + (NODE / "package.json").read_text()
        names = text.split()[2:]
        return ", ".join(n for n in names if f"\n{n}==" not in pinned and f'"{n}"' not in pinned)
    if sample.kind == "env":
        return bench.shell(f"{text}\npython -W ignore -c '{LISTS_MODELS}'").error
    path = option(sample.fence, "body")
    headers = {"Authorization": f"Bearer {bench.environment['LUMYX_API_KEY']}"}
    answer = requests.post(f"{server.url}/api{path}", data=text, headers=headers, timeout=30)
    return "" if answer.ok else answer.text
