"""Code that works as it is pasted, for each language people come with."""

MODEL = "lumyx-plus_v1"
HERE = "$LUMYX_API_KEY"

CURL = """curl -N {base}/v1/chat/completions \\
  -H "Authorization: Bearer {key}" \\
  -H "Content-Type: application/json" \\
  -d '{{"model": "{model}", "stream": true,
       "messages": [{{"role": "user", "content": "Hello!"}}]}}'"""

PYTHON = """from openai import OpenAI

client = OpenAI(base_url="{base}/v1", api_key="{key}")
stream = client.chat.completions.create(
    model="{model}",
    messages=[{{"role": "user", "content": "Hello!"}}],
    stream=True,
)
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)"""

NODE = """import OpenAI from "openai";

const client = new OpenAI({{ baseURL: "{base}/v1", apiKey: "{key}" }});
const stream = await client.chat.completions.create({{
  model: "{model}",
  messages: [{{ role: "user", content: "Hello!" }}],
  stream: true,
}});
for await (const chunk of stream) {{
  process.stdout.write(chunk.choices[0]?.delta?.content ?? "");
}}"""

ANTHROPIC = """from anthropic import Anthropic

client = Anthropic(base_url="{base}", api_key="{key}")
message = client.messages.create(
    model="{model}",
    max_tokens=200,
    messages=[{{"role": "user", "content": "Hello!"}}],
)
print(message.content[0].text)"""

SAMPLES = [("curl", CURL), ("Python", PYTHON), ("Node", NODE), ("Anthropic", ANTHROPIC)]


def first_call(base: str, *, key: str = HERE, model: str = MODEL) -> list[tuple[str, str]]:
    """Return a first call in each language; the base is the one that ends in `/api`."""
    return [(name, text.format(base=base, key=key, model=model)) for name, text in SAMPLES]
