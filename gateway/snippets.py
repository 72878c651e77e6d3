"""Code that works as it is pasted, for each language people come with."""

from collections.abc import Collection

from gateway.models import Capability

MODEL = "lumyx-plus_v1"
HERE = "$LUMYX_API_KEY"
"""The key of code that reads it from its environment."""

CURL = """curl -N {base}/v1/chat/completions \\
  -H "Authorization: Bearer {key}" \\
  -H "Content-Type: application/json" \\
  -d '{{"model": "{model}", "stream": true,
       "messages": [{{"role": "user", "content": "Hello!"}}]}}'"""

PYTHON = """{imports}from openai import OpenAI

client = OpenAI(
    base_url="{base}/v1",
    api_key={key},
)
stream = client.chat.completions.create(
    model="{model}",
    messages=[{{"role": "user", "content": "Hello!"}}],
    stream=True,
)
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)"""

NODE = """import OpenAI from "openai";

const client = new OpenAI({{
  baseURL: "{base}/v1",
  apiKey: {key},
}});
const stream = await client.chat.completions.create({{
  model: "{model}",
  messages: [{{ role: "user", content: "Hello!" }}],
  stream: true,
}});
for await (const chunk of stream) {{
  process.stdout.write(chunk.choices[0]?.delta?.content ?? "");
}}"""

ANTHROPIC = """{imports}from anthropic import Anthropic

client = Anthropic(
    base_url="{base}",
    api_key={key},
)
message = client.messages.create(
    model="{model}",
    max_tokens=200,
    messages=[{{"role": "user", "content": "Hello!"}}],
)
print(message.content[0].text)"""

EMBEDDING_CURL = """curl {base}/v1/embeddings \\
  -H "Authorization: Bearer {key}" \\
  -H "Content-Type: application/json" \\
  -d '{{"model": "{model}", "input": ["Hello!", "Good evening."]}}'"""

EMBEDDING_PYTHON = """{imports}from openai import OpenAI

client = OpenAI(
    base_url="{base}/v1",
    api_key={key},
)
answer = client.embeddings.create(
    model="{model}",
    input=["Hello!", "Good evening."],
)
for item in answer.data:
    print(item.index, len(item.embedding))"""

EMBEDDING_NODE = """import OpenAI from "openai";

const client = new OpenAI({{
  baseURL: "{base}/v1",
  apiKey: {key},
}});
const answer = await client.embeddings.create({{
  model: "{model}",
  input: ["Hello!", "Good evening."],
}});
for (const item of answer.data) console.log(item.index, item.embedding.length);"""

USAGE_CURL = """curl {base}/v1/usage \\
  -H "Authorization: Bearer {key}\""""

USAGE_PYTHON = """{imports}import json
from urllib.request import Request, urlopen

request = Request("{base}/v1/usage", headers={{"Authorization": "Bearer " + {key}}})
with urlopen(request) as answer:
    print(json.dumps(json.load(answer), indent=2))"""

USAGE_NODE = """const answer = await fetch("{base}/v1/usage", {{
  headers: {{ Authorization: "Bearer " + {key} }},
}});
console.log(await answer.json());"""

READ_PYTHON, READ_NODE = 'os.environ["LUMYX_API_KEY"]', "process.env.LUMYX_API_KEY"
SAMPLES = [
    ("curl", CURL, HERE),
    ("Python", PYTHON, READ_PYTHON),
    ("Node", NODE, READ_NODE),
    ("Anthropic", ANTHROPIC, READ_PYTHON),
]
"""Each language, its code, and how it reads the key from its environment."""

EMBEDDING_SAMPLES = [
    ("curl", EMBEDDING_CURL, HERE),
    ("Python", EMBEDDING_PYTHON, READ_PYTHON),
    ("Node", EMBEDDING_NODE, READ_NODE),
]

USAGE_SAMPLES = [
    ("curl", USAGE_CURL, HERE),
    ("Python", USAGE_PYTHON, READ_PYTHON),
    ("Node", USAGE_NODE, READ_NODE),
]


def first_call(base: str, *, key: str = HERE, model: str = MODEL) -> list[tuple[str, str]]:
    """Return a first call in each language; the base is the one that ends in `/api`.

    Without a key of its own, the code reads the variable `LUMYX_API_KEY`.
    """
    return _written(SAMPLES, base, key, model)


def _written(
    samples: list[tuple[str, str, str]], base: str, key: str, model: str
) -> list[tuple[str, str]]:
    found = []
    for name, text, read in samples:
        written = read if key == HERE else key if name == "curl" else f'"{key}"'
        imports = "import os\n\n" if written == READ_PYTHON else ""
        found.append((name, text.format(base=base, key=written, model=model, imports=imports)))
    return found


def for_model(
    base: str, *, model: str, capabilities: Collection[str], key: str = HERE
) -> list[tuple[str, str]]:
    """Return a call of one model in each language: embeddings of texts where it makes those."""
    if only_embeds(capabilities):
        return _written(EMBEDDING_SAMPLES, base, key, model)
    return first_call(base, key=key, model=model)


def of_usage(base: str, *, key: str = HERE) -> list[tuple[str, str]]:
    """Return a look at the account's calls in each language, for a key that makes none."""
    return _written(USAGE_SAMPLES, base, key, "")


def only_embeds(capabilities: Collection[str]) -> bool:
    """Return whether a model makes embeddings and does not chat."""
    return Capability.EMBEDDINGS in capabilities and Capability.CHAT not in capabilities
