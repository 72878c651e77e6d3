// The request of the playground as code that makes the same one.

/** Returns pairs of a language and its code; the address is the API's, ending in `/api`. */
export function asCode(request, address, model) {
  const shown = shortened(request);
  return [
    ["curl", curl(shown, address)],
    ["Python", python(shown, address)],
    ["Node", node(shown, address)],
    ["Anthropic", anthropic(shown, address, model)],
  ];
}

/** Images are cut where nobody would read on, and say so. */
function shortened(value) {
  if (typeof value === "string") {
    if (!value.startsWith("data:image/") || value.length < 120) return value;
    const kept = value.slice(0, value.indexOf(",") + 25);
    return `${kept}…[${(value.length - kept.length).toLocaleString("en-US")} characters left out]`;
  }
  if (Array.isArray(value)) return value.map(shortened);
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, shortened(one)]));
  return value;
}

function curl(request, address) {
  return `curl -N ${address}/v1/chat/completions \\
  -H "Authorization: Bearer $LUMYX_API_KEY" \\
  -H "Content-Type: application/json" \\
  --data-binary @- <<'JSON'
${JSON.stringify(request, null, 2)}
JSON`;
}

function literal(value, depth) {
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value !== "object") return JSON.stringify(value);
  const pad = "    ".repeat(depth), inner = "    ".repeat(depth + 1);
  if (Array.isArray(value)) {
    return value.length ? `[\n${value.map((one) => `${inner}${literal(one, depth + 1)},\n`).join("")}${pad}]` : "[]";
  }
  const fields = Object.entries(value).map(([key, one]) => `${inner}${JSON.stringify(key)}: ${literal(one, depth + 1)},\n`);
  return fields.length ? `{\n${fields.join("")}${pad}}` : "{}";
}

const keywords = (request) => Object.entries(request).map(([key, value]) => `    ${key}=${literal(value, 1)},\n`).join("");

function python(request, address) {
  const head = `import os

from openai import OpenAI

client = OpenAI(base_url="${address}/v1", api_key=os.environ["LUMYX_API_KEY"])
`;
  if (!request.stream) return `${head}answer = client.chat.completions.create(\n${keywords(request)})\nprint(answer.choices[0].message.content)`;
  return `${head}stream = client.chat.completions.create(
${keywords(request)})
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)`;
}

function node(request, address) {
  const head = `import OpenAI from "openai";

const client = new OpenAI({
  baseURL: "${address}/v1",
  apiKey: process.env.LUMYX_API_KEY,
});
`;
  const body = JSON.stringify(request, null, 2);
  if (!request.stream) return `${head}const answer = await client.chat.completions.create(${body});\nconsole.log(answer.choices[0].message.content);`;
  return `${head}const stream = await client.chat.completions.create(${body});
for await (const chunk of stream) {
  process.stdout.write(chunk.choices[0]?.delta?.content ?? "");
}`;
}

function anthropic(request, address, model) {
  const [messages, notes] = [[], []];
  const wanted = { model: request.model, max_tokens: request.max_tokens ?? model?.most_output ?? 4096 };
  if (request.max_tokens === undefined) notes.push("# Messages always wants `max_tokens`; this is the most that the model gives.");
  for (const { role, content } of request.messages) {
    if (role === "system") wanted.system = content;
    else messages.push({ role, content: typeof content === "string" ? content : content.map(part) });
  }
  if (request.temperature !== undefined) {
    wanted.temperature = Math.min(request.temperature, 1);
    if (request.temperature > 1) notes.push("# In Messages the temperature ends at 1.");
  }
  if (request.top_p !== undefined) wanted.top_p = request.top_p;
  if (request.stop !== undefined) wanted.stop_sequences = request.stop;
  if (request.reasoning_effort === "none") wanted.thinking = { type: "disabled" };
  else if (request.reasoning_effort) wanted.extra_body = { output_config: { effort: request.reasoning_effort } };
  wanted.messages = messages;
  return `import os

from anthropic import Anthropic

client = Anthropic(base_url="${address}", api_key=os.environ["LUMYX_API_KEY"])
${notes.map((note) => `${note}\n`).join("")}with client.messages.stream(
${keywords(wanted)}) as stream:
    for text in stream.text_stream:
        print(text, end="", flush=True)`;
}

function part(one) {
  if (one.type === "text") return one;
  const [, type, data] = one.image_url.url.match(/^data:([^;,]+);base64,(.*)$/s);
  return { type: "image", source: { type: "base64", media_type: type, data } };
}
