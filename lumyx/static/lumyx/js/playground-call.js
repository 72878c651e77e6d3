// One call from the playground: sends it, reads its stream, and says in words why it failed.

export class Failed extends Error {
  constructor(status, code, message, seconds = 0) {
    super(message);
    Object.assign(this, { status, code, seconds });
  }
}

/** Returns a name for a call, by which its charge can be asked for however it ended. */
export function newName() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `playground-${Array.from(bytes, (one) => one.toString(16).padStart(2, "0")).join("")}`;
}

/**
 * Makes a call and tells `on` of what comes: `begin`, `text`, `thought`, `finish` with its reason
 * and `charge`. Throws Failed, or the AbortError of the signal.
 */
export async function call({ path, token, name, body, signal, on }) {
  let answer;
  try {
    answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token, "Idempotency-Key": name },
      body: JSON.stringify(body),
      cache: "no-store",
      signal,
    });
  } catch (error) {
    throw signal.aborted ? error : new Failed(0, "offline", "The connection failed.");
  }
  if (!answer.ok) throw await refused(answer);
  if (!answer.headers.get("content-type")?.startsWith("text/event-stream")) return whole(answer, on);
  on.begin();
  try {
    await follow(answer.body.getReader(), on);
  } catch (error) {
    if (signal.aborted || error instanceof Failed) throw error;
    throw new Failed(0, "broken", "The connection broke off before the end.");
  }
}

async function refused(answer) {
  let said = {};
  try { said = (await answer.json()).error ?? {}; } catch { /* no words of ours */ }
  const message = said.message ?? `The server answered with status ${answer.status}.`;
  return new Failed(answer.status, said.code ?? "", message, Number(answer.headers.get("retry-after")) || 0);
}

async function whole(answer, on) {
  const said = await answer.json();
  const { message, finish_reason } = said.choices[0];
  on.begin();
  const thought = message.reasoning_content ?? message.reasoning;
  if (thought) on.thought(thought);
  on.text(message.content ?? message.refusal ?? "");
  on.finish(finish_reason);
  on.charge({
    charge: answer.headers.get("x-lumyx-charge"),
    balance: answer.headers.get("x-lumyx-balance"),
    usage: said.usage,
  });
}

async function follow(reader, on) {
  const decoder = new TextDecoder();
  let waiting = "", whole = false, failed = null;
  for (;;) {
    const { value, done } = await reader.read();
    waiting += done ? decoder.decode() : decoder.decode(value, { stream: true });
    const events = waiting.split("\n\n");
    waiting = events.pop();
    for (const event of events) {
      const data = event.match(/^data: ?(.*)$/m)?.[1];
      if (data === undefined) continue;
      if (data === "[DONE]") { whole = true; continue; }
      const said = JSON.parse(data);
      if (event.startsWith("event: charge")) on.charge(said);
      else if (said.error) failed = new Failed(502, said.error.code ?? "", said.error.message);
      else deliver(said.choices?.[0], on);
    }
    if (done) break;
  }
  if (failed) throw failed;
  if (!whole) throw new Failed(0, "broken", "The connection broke off before the end.");
}

function deliver(choice, on) {
  if (!choice) return;
  const delta = choice.delta ?? {};
  const thought = delta.reasoning_content ?? delta.reasoning;
  if (thought) on.thought(thought);
  const text = delta.content ?? delta.refusal;
  if (text) on.text(text);
  if (choice.finish_reason) on.finish(choice.finish_reason);
}

/** Returns what a call cost whose end was not awaited; it may take a moment to be known. */
export async function chargeOf(address, { tries = 25 } = {}) {
  let missing = 0;
  for (let n = 0; n < tries; n++) {
    try {
      const answer = await fetch(address, { cache: "no-store" });
      if (answer.status === 404) {
        // Given back whole, or the server has not begun with it yet.
        if (++missing === 3) return { charge: "0" };
      } else if (answer.ok && !answer.redirected) {
        const said = await answer.json();
        if (said.ended) return said;
      }
    } catch { /* asked again */ }
    await new Promise((resolve) => setTimeout(resolve, 120 + 80 * n));
  }
  return null;
}

const AT = { hour: "2-digit", minute: "2-digit", second: "2-digit" };

/** Returns what to say of a failure: a title, a text and perhaps an address with its words. */
export function inWords(error) {
  const again = error.seconds
    ? ` You can try again at ${new Date(Date.now() + error.seconds * 1000).toLocaleTimeString([], AT)}.` : "";
  switch (error.code) {
    case "insufficient_credits":
      return { title: "Your credits do not cover this.", text: error.status === 402
        ? "Nothing was charged. Buy credits, or ask for fewer tokens."
        : "The answer was cut here. You paid only for what arrived.", url: "/billing", act: "Buy credits" };
    case "spend_limit_reached":
      return { title: "Your spend limit for the playground is reached.", text: "Nothing was charged.", url: "/keys", act: "Change the limit" };
    case "rate_limit_exceeded":
    case "token_limit_exceeded":
    case "concurrency_limit_exceeded":
      return { title: "That was too often or too much.", text: `${ofPlayground(error.message)}${again} Nothing was charged.`, url: "/keys", act: "See your limits" };
    case "account_frozen":
      return { title: "Your account is frozen.", text: "No model can be called, and nothing is charged.", url: "/contact", act: "Ask why" };
    case "playground_off":
      return { title: "The playground is switched off for your account.", text: "Nothing was charged.", url: "/contact", act: "Ask why" };
    case "model_not_allowed":
      return { title: "You have not allowed the playground this model.", text: "Nothing was charged.", url: "/keys", act: "Change its models" };
    case "model_not_found":
      return { title: "This model is no longer on offer.", text: "Choose another one. Nothing was charged." };
    case "signed_out":
      return { title: "You are signed out.", text: "Copy what you want to keep, then sign in. Nothing was charged.", url: "/sign-in?next=/playground", act: "Sign in" };
    case "csrf_failed":
    case "answer_first":
      return { title: "This page is out of date.", text: "Copy what you want to keep, then reload the page. Nothing was charged." };
    case "request_too_large":
      return { title: "This conversation is too large to send.", text: "Take images out, or begin a new one. Nothing was charged." };
    case "offline":
      return { title: "The connection failed.", text: "Nothing was sent, as far as we can tell. Check that you are online, then try again." };
    case "broken":
      return { title: "The answer broke off.", text: "You pay only for what arrived." };
    default:
      return { title: "This did not work.", text: `${error.message}${again}` };
  }
}

const ofPlayground = (message) => message.replace(/^This key/, "The playground").replace(/ Try again in .*$/, "");
