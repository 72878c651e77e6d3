"""Code that works as it is pasted, for each language people come with."""

MODEL = "lumyx-plus_v1"
HERE = "$LUMYX_API_KEY"
"""The key of code that reads it from its environment."""

CURL = """curl -N {base}/v1/chat/completions \\
  -H "Authorization: Bearer {key}" \\
  -H "Content-Type: application/json" \\
  -d '{{"model": "{model}", "stream": true,
       "messages": [{{"role": "user", "content": "Hello!"}}]}}'"""

PYTHON = """{imports}from openai import OpenAI

client = OpenAI(base_url="{base}/v1", api_key={key})
stream = client.chat.completions.create(
    model="{model}",
    messages=[{{"role": "user", "content": "Hello!"}}],
    stream=True,
)
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)"""

NODE = """import OpenAI from "openai";

const client = new OpenAI({{ baseURL: "{base}/v1", apiKey: {key} }});
const stream = await client.chat.completions.create({{
  model: "{model}",
  messages: [{{ role: "user", content: "Hello!" }}],
  stream: true,
}});
for await (const chunk of stream) {{
  process.stdout.write(chunk.choices[0]?.delta?.content ?? "");
}}"""

ANTHROPIC = """{imports}from anthropic import Anthropic

client = Anthropic(base_url="{base}", api_key={key})
message = client.messages.create(
    model="{model}",
    max_tokens=200,
    messages=[{{"role": "user", "content": "Hello!"}}],
)
print(message.content[0].text)"""

READ_PYTHON, READ_NODE = 'os.environ["LUMYX_API_KEY"]', "process.env.LUMYX_API_KEY"
SAMPLES = [
    ("curl", CURL, HERE),
    ("Python", PYTHON, READ_PYTHON),
    ("Node", NODE, READ_NODE),
    ("Anthropic", ANTHROPIC, READ_PYTHON),
]
"""Each language, its code, and how it reads the key from its environment."""


def first_call(base: str, *, key: str = HERE, model: str = MODEL) -> list[tuple[str, str]]:
    """Return a first call in each language; the base is the one that ends in `/api`.

    Without a key of its own, the code reads the variable `LUMYX_API_KEY`.
    """
    found = []
    for name, text, read in SAMPLES:
        written = read if key == HERE else key if name == "curl" else f'"{key}"'
        imports = "import os\n\n" if written == READ_PYTHON else ""
        found.append((name, text.format(base=base, key=written, model=model, imports=imports)))
    return found
