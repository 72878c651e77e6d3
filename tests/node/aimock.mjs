// A provider server written by others, with the conversation of test_dialect_pairs.py.
import { LLMock } from "@copilotkit/aimock";

const usage = {
  prompt_tokens: 40,
  completion_tokens: 12,
  total_tokens: 52,
  input_tokens: 40,
  output_tokens: 12,
};
const call = (city) => ({
  id: `call_${city}`,
  name: "weather",
  arguments: JSON.stringify({ city }),
});
const mock = new LLMock({ port: 0 });
mock.addFixtures([
  {
    match: { hasToolResult: true },
    response: { content: "Oslo is cold and Rome is warm.", usage },
  },
  {
    match: { userMessage: "weather" },
    response: { toolCalls: [call("Oslo"), call("Rome")], usage },
  },
  { match: {}, response: { content: "Hello there, how are you today?", usage } },
]);
await mock.start();
console.log(mock.url);
