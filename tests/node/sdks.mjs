// Calls every endpoint with the official SDKs; prints one JSON line for each check.
import assert from "node:assert/strict";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";

const { LUMYX_URL, LUMYX_KEY } = process.env;
const openai = new OpenAI({ baseURL: `${LUMYX_URL}/api/v1`, apiKey: LUMYX_KEY, maxRetries: 0 });
const anthropic = new Anthropic({ baseURL: `${LUMYX_URL}/api`, apiKey: LUMYX_KEY, maxRetries: 0 });
const PIXEL =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const HELLO = "Hello there, how are you today?";
const CALLS = 'call:weather {"city":"Oslo"}\ncall:weather {"city":"Rome"}';
const SCHEMA = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};
const chatTool = { type: "function", function: { name: "weather", parameters: SCHEMA } };
const messagesTool = { name: "weather", input_schema: SCHEMA };
const responsesTool = { type: "function", name: "weather", parameters: SCHEMA, strict: false };
const user = (content) => [{ role: "user", content }];
const cities = (calls) => calls.map((call) => JSON.parse(call).city);

const checks = {};
for (const [name, model] of [["openai", "echo"], ["anthropic", "anthropic/echo"]]) {
  const thinker = model.replace("echo", "thinker");
  Object.assign(checks, {
    [`chat from ${name}`]: async () => {
      const answer = await openai.chat.completions.create({ model, messages: user(HELLO) });
      assert.equal(answer.choices[0].message.content, HELLO);
      assert.equal(answer.model, model);
      assert.ok(answer.usage.total_tokens > 10);
    },
    [`streamed chat from ${name}`]: async () => {
      const stream = openai.chat.completions.stream({ model, messages: user(HELLO) });
      const answer = await stream.finalChatCompletion();
      assert.equal(answer.choices[0].message.content, HELLO);
      assert.equal(answer.choices[0].finish_reason, "stop");
    },
    [`chat tools from ${name}`]: async () => {
      for (const stream of [false, true]) {
        const body = { model, messages: user(CALLS), tools: [chatTool] };
        const answer = stream
          ? await openai.chat.completions.stream(body).finalChatCompletion()
          : await openai.chat.completions.create(body);
        const calls = answer.choices[0].message.tool_calls;
        assert.deepEqual(cities(calls.map((c) => c.function.arguments)), ["Oslo", "Rome"]);
        assert.equal(answer.choices[0].finish_reason, "tool_calls");
      }
    },
    [`chat images and structured output from ${name}`]: async () => {
      const image = { type: "image_url", image_url: { url: `data:image/png;base64,${PIXEL}` } };
      const seen = await openai.chat.completions.create({
        model,
        messages: user([image, { type: "text", text: "What?" }]),
      });
      assert.match(seen.choices[0].message.content, /image\/png \d+ bytes/);
      const json = await openai.chat.completions.create({
        model,
        messages: user("Oslo"),
        response_format: { type: "json_schema", json_schema: { name: "a", schema: SCHEMA } },
      });
      assert.equal(typeof JSON.parse(json.choices[0].message.content).city, "string");
    },
    [`messages from ${name}`]: async () => {
      const answer = await anthropic.messages.create({
        model,
        max_tokens: 200,
        messages: user(HELLO),
      });
      assert.equal(answer.content[0].text, HELLO);
      assert.equal(answer.stop_reason, "end_turn");
      assert.ok(answer.usage.input_tokens > 3);
    },
    [`streamed messages from ${name}`]: async () => {
      const stream = anthropic.messages.stream({ model, max_tokens: 200, messages: user(HELLO) });
      const answer = await stream.finalMessage();
      assert.equal(answer.content[0].text, HELLO);
      assert.equal(answer.stop_reason, "end_turn");
    },
    [`messages tools from ${name}`]: async () => {
      const body = { model, max_tokens: 200, messages: user(CALLS), tools: [messagesTool] };
      for (const answer of [
        await anthropic.messages.create(body),
        await anthropic.messages.stream(body).finalMessage(),
      ]) {
        const used = answer.content.filter((block) => block.type === "tool_use");
        assert.deepEqual(used.map((block) => block.input.city), ["Oslo", "Rome"]);
        assert.equal(answer.stop_reason, "tool_use");
      }
    },
    [`messages thinking from ${name}`]: async () => {
      const stream = anthropic.messages.stream({
        model: thinker,
        max_tokens: 4000,
        thinking: { type: "enabled", budget_tokens: 2000 },
        messages: user(HELLO),
      });
      const answer = await stream.finalMessage();
      assert.deepEqual(answer.content.map((block) => block.type), ["thinking", "text"]);
      assert.ok(answer.content[0].thinking);
    },
    [`count tokens from ${name}`]: async () => {
      const counted = await anthropic.messages.countTokens({ model, messages: user(HELLO) });
      assert.ok(counted.input_tokens > 3);
    },
    [`responses from ${name}`]: async () => {
      const answer = await openai.responses.create({ model, input: HELLO });
      assert.equal(answer.output_text, HELLO);
      assert.equal(answer.status, "completed");
    },
    [`streamed responses from ${name}`]: async () => {
      const stream = openai.responses.stream({ model, input: CALLS, tools: [responsesTool] });
      const answer = await stream.finalResponse();
      const calls = answer.output.filter((item) => item.type === "function_call");
      assert.deepEqual(cities(calls.map((c) => c.arguments)), ["Oslo", "Rome"]);
    },
    [`completions from ${name}`]: async () => {
      const answer = await openai.completions.create({ model, prompt: HELLO, max_tokens: 50 });
      assert.equal(answer.choices[0].text, HELLO);
    },
  });
}
Object.assign(checks, {
  embeddings: async () => {
    const answer = await openai.embeddings.create({ model: "echo-embed", input: ["a", "b"] });
    assert.equal(answer.data.length, 2);
    assert.equal(typeof answer.data[0].embedding[0], "number");
  },
  models: async () => {
    const names = [];
    for await (const model of openai.models.list()) names.push(model.id);
    assert.ok(names.includes("echo"));
    const page = await anthropic.models.list();
    assert.ok(page.data.some((model) => model.id === "echo"));
  },
  errors: async () => {
    const wrong = new OpenAI({ baseURL: `${LUMYX_URL}/api/v1`, apiKey: "lx-no", maxRetries: 0 });
    await assert.rejects(wrong.models.list(), OpenAI.AuthenticationError);
    const ask = { model: "nope", messages: user("Hi") };
    await assert.rejects(openai.chat.completions.create(ask), OpenAI.NotFoundError);
    await assert.rejects(
      anthropic.messages.create({ ...ask, max_tokens: 5 }),
      Anthropic.NotFoundError,
    );
    await assert.rejects(
      anthropic.messages.create({ ...ask, model: "echo-fail-429", max_tokens: 5 }),
      Anthropic.RateLimitError,
    );
    await assert.rejects(
      anthropic.messages
        .stream({ ...ask, model: "anthropic/echo-error-mid", max_tokens: 50 })
        .finalMessage(),
    );
  },
});

for (const [name, check] of Object.entries(checks)) {
  let error = null;
  try {
    await check();
  } catch (caught) {
    error = String(caught?.stack ?? caught).slice(0, 2000);
  }
  console.log(JSON.stringify({ name, error }));
}
