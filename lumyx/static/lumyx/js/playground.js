// The playground: a conversation that lives in this tab and nowhere else.

import { call, chargeOf, inWords, newName } from "playground/call";
import { asCode } from "playground/code";
import { Edits } from "playground/edits";
import { filesOf, read } from "playground/images";
import { Painter } from "playground/markdown";
import { Settings } from "playground/settings";

const setup = JSON.parse(document.getElementById("setup").textContent);
const page = document.querySelector(".play");
const find = (name, within = page) => within.querySelector(`[data-${name}]`);
const settings = new Settings(page, setup.models);
const composer = find("composer"), box = find("text"), list = find("turns"), status = find("status");
const token = composer.elements.csrfmiddlewaretoken.value;

const turns = [], edits = new Edits();
let images = [], running = null, following = true;
let spent = 0n, tokens = 0;

// Amounts are exact: credits as micro-credits.
const micro = (credits) => {
  const [whole, part = ""] = credits.replace("-", "").split(".");
  const found = BigInt(whole) * 1000000n + BigInt(part.padEnd(6, "0"));
  return credits.startsWith("-") ? -found : found;
};
const credits = (amount) => {
  const size = amount < 0n ? -amount : amount;
  const part = String(size % 1000000n).padStart(6, "0").replace(/0+$/, "");
  return `${amount < 0n ? "−" : ""}${(size / 1000000n).toLocaleString("en-US")}${part && `.${part}`}`;
};
const copyOf = (id) => document.getElementById(id).content.cloneNode(true).firstElementChild;
const announce = (words) => { status.textContent = words; };

// ——— What is on the page

function show() {
  const begun = turns.length > 0;
  find("empty").hidden = begun || edits.open;
  find("notices").hidden = begun || edits.open;
  find("new").disabled = !begun && !running && !edits.open;
  find("editing").hidden = !edits.open;
  if (edits.open) find("editing-text").textContent = edits.words;
  find("send").hidden = Boolean(running);
  find("stop").hidden = !running;
  find("send").disabled = !settings.model || !(box.value.trim() || images.length);
  find("attach").hidden = !settings.can("vision");
  find("spent").textContent = credits(spent);
  find("tokens").textContent = tokens.toLocaleString("en-US");
  turns.forEach((turn, n) => {
    const last = n === turns.length - 1;
    if (turn.role === "user") find("edit", turn.node).hidden = Boolean(running);
    else find("again", turn.node).hidden = Boolean(running) || edits.open || !last;
  });
}

const atEnd = () => innerHeight + scrollY >= document.documentElement.scrollHeight - 48;
function follow() {
  if (following) scrollTo({ top: document.documentElement.scrollHeight, behavior: "instant" });
  find("down").hidden = following || !running;
}
let lastY = 0;
addEventListener("scroll", () => {
  if (scrollY < lastY - 1) following = false;
  if (atEnd()) following = true;
  lastY = scrollY;
  find("down").hidden = following || !running;
}, { passive: true });
new ResizeObserver(() => { if (turns.length) follow(); }).observe(composer);
find("down").addEventListener("click", () => { following = true; follow(); });

function addUser(text, pictures) {
  const node = copyOf("turn-user");
  find("words", node).textContent = text;
  find("words", node).hidden = !text;
  find("pictures", node).append(...pictures.map(({ name, url }) => thumbnail(name, url)));
  const turn = { role: "user", text, images: pictures, node };
  find("edit", node).addEventListener("click", () => edit(turn));
  turns.push(turn);
  list.append(node);
}

function thumbnail(name, url) {
  const node = copyOf("thumbnail");
  const image = node.querySelector("img");
  image.src = url;
  image.alt = name;
  return node;
}

function addAnswer() {
  const node = copyOf("turn-answer");
  find("name", node).textContent = settings.model.title;
  find("again", node).addEventListener("click", again);
  find("copy-answer", node).addEventListener("click", (event) => copyText(event.currentTarget, turn));
  const turn = { role: "assistant", text: "", node, name: newName() };
  turns.push(turn);
  list.append(node);
  return turn;
}

async function copyText(button, turn) {
  const label = button.querySelector("span");
  try {
    await navigator.clipboard.writeText(turn.text);
    label.textContent = "Copied";
  } catch {
    getSelection()?.selectAllChildren(find("words", turn.node));
    label.textContent = "Press Ctrl+C";
  }
  setTimeout(() => { label.textContent = "Copy"; }, 1600);
}

// ——— The request

const contentOf = ({ text, images: pictures }) => (pictures?.length ? [
  ...(text ? [{ type: "text", text }] : []),
  ...pictures.map(({ url }) => ({ type: "image_url", image_url: { url } })),
] : text);

function request(extra = null) {
  const said = [...turns, ...(extra ? [extra] : [])].filter((turn) => turn.text || turn.images?.length);
  const messages = said.map((turn) => ({ role: turn.role, content: contentOf(turn) }));
  const system = settings.system();
  if (system) messages.unshift({ role: "system", content: system });
  return { model: settings.model?.name ?? "", messages, ...settings.parameters(), ...(settings.can("streaming") ? { stream: true } : {}) };
}

async function answer() {
  const body = request();
  const turn = addAnswer();
  const { node } = turn;
  const cancel = new AbortController();
  const longest = settings.model.most_output;
  running = { cancel, turn };
  following = true;
  const words = new Painter(find("words", node), follow);
  const thoughts = new Painter(find("thoughts-words", node), follow);
  const sentAt = performance.now();
  let thinkingSince = 0, paid = false, reason = "", firstAt = 0;
  const first = () => { firstAt ||= performance.now(); node.removeAttribute("data-waiting"); };
  const endThinking = () => {
    if (!thinkingSince) return;
    const spentMs = performance.now() - thinkingSince;
    find("thinking", node).textContent = spentMs < 50 ? "Thought first" : `Thought for ${seconds(spentMs)}`;
    thinkingSince = 0;
  };
  const on = {
    begin: () => announce("The answer begins."),
    thought(text) {
      first();
      find("thoughts", node).hidden = false;
      thinkingSince ||= performance.now();
      thoughts.add(text);
    },
    text(text) { first(); endThinking(); turn.text += text; words.add(text); },
    finish(why) { reason = why; },
    charge(said) { paid = true; pay(turn, said, { firstMs: firstAt && firstAt - sentAt }); },
  };
  show();
  follow();
  let error = null;
  try {
    if (new Blob([JSON.stringify(body)]).size > setup.most_bytes) throw Object.assign(new Error(), { code: "request_too_large" });
    await call({ path: setup.path, token, name: turn.name, body, signal: cancel.signal, on });
  } catch (thrown) {
    error = thrown;
  }
  try {
    endThinking();
    thoughts.finish();
    words.finish();
  } finally {
    // Whatever cannot be drawn, the next message can be sent.
    node.removeAttribute("data-waiting");
    node.removeAttribute("data-running");
    running = null;
  }
  find("copy-answer", node).hidden = !turn.text;
  show();
  if (error && !cancel.signal.aborted) fail(turn, error);
  else if (cancel.signal.aborted) note(turn, "Stopped by you.");
  else if (reason === "length") note(turn, cutAt(body.max_tokens, longest, turn.tokens));
  else if (!turn.text) note(turn, "The model answered nothing.");
  if (!error) announce(`The answer is complete. ${find("cost", node).textContent}`);
  if (!paid && (cancel.signal.aborted || error?.code === "broken")) await askCharge(turn);
  else if (error?.code === "offline") await askCharge(turn, { sent: false });
  if (cancel.signal.aborted) announce(`Stopped. ${find("cost", node).textContent}`);
  follow();
}

function cutAt(allowed, longest, used) {
  const most = allowed ?? longest;
  // Where its context was full, or its provider allows less.
  if (used < most) return `The model stopped after ${used.toLocaleString("en-US")} tokens: it could not go on.`;
  return allowed ? `The model stopped at the ${most.toLocaleString("en-US")} tokens you allowed.`
    : `The model stopped at its longest answer, ${most.toLocaleString("en-US")} tokens.`;
}

const seconds = (ms) => (ms < 950 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);

function pay(turn, { charge, balance, usage, estimated }, { firstMs = 0 } = {}) {
  const said = [];
  const here = !turn.cleared;
  if (usage) {
    turn.tokens = usage.completion_tokens;
    if (here) tokens += usage.prompt_tokens + usage.completion_tokens;
    const thought = usage.completion_tokens_details?.reasoning_tokens;
    said.push(`${usage.prompt_tokens.toLocaleString("en-US")} in`, `${usage.completion_tokens.toLocaleString("en-US")} out${thought ? `, ${thought.toLocaleString("en-US")} of them thought` : ""}`);
  }
  const amount = micro(charge);
  if (here) spent += amount;
  said.push(`${credits(amount)} credits${estimated && amount ? ", estimated" : ""}`);
  if (firstMs) said.push(`first token after ${seconds(firstMs)}`);
  find("cost", turn.node).textContent = said.join(" · ");
  if (balance !== undefined) find("balance").textContent = credits(micro(balance));
  show();
}

async function askCharge(turn, { sent = true } = {}) {
  const cost = find("cost", turn.node);
  if (sent) cost.textContent = "asking what it cost …";
  const said = await chargeOf(`/playground/calls/${turn.name}`, sent ? {} : { tries: 4 });
  if (said) pay(turn, said);
  else if (sent) cost.textContent = "Your usage page shows what it cost.";
}

function note(turn, words) {
  const node = find("note", turn.node);
  node.textContent = words;
  node.hidden = false;
}

function fail(turn, error) {
  const { title, text, url, act } = inWords(error);
  const node = copyOf("failure");
  find("title", node).textContent = title;
  find("text", node).textContent = text;
  const link = find("act", node);
  link.hidden = !url;
  if (url) Object.assign(link, { href: url, textContent: act });
  find("failure", turn.node).replaceChildren(node);
}

// ——— What people do

function send() {
  const text = box.value.trim();
  if (running || !settings.model || !(text || images.length) || !settings.right()) return;
  if (images.length && !settings.can("vision")) {
    complain(["This model reads no images. Take them out, or choose another model."]);
    return;
  }
  addUser(text, images);
  compose(edits.end());
  complain([]);
  answer();
}

function stop() {
  running?.cancel.abort();
}

function again() {
  if (running || !settings.right()) return;
  turns.pop().node.remove();
  answer();
  box.focus();
}

function compose(message) {
  box.value = message.text;
  images = message.images;
  drawImages();
}

function edit(turn) {
  if (running) return;
  const taken = turns.splice(turns.indexOf(turn));
  for (const { node } of taken) node.remove();
  edits.begin(taken, { text: box.value, images });
  compose(turn);
  announce(edits.words);
  box.focus();
}

function undo() {
  const { turns: taken, draft } = edits.undo();
  turns.push(...taken);
  list.append(...taken.map(({ node }) => node));
  compose(draft);
  announce("Everything is back as it was.");
  follow();
  box.focus();
}

function clear() {
  stop();
  while (edits.open) undo();
  for (const gone of turns.splice(0)) {
    gone.cleared = true;
    gone.node.remove();
  }
  spent = 0n;
  tokens = 0;
  show();
  announce("The conversation is cleared.");
  box.focus();
}

async function take(files) {
  if (!files.length) return;
  if (!settings.can("vision")) {
    complain(["This model reads no images. Choose one that does."]);
    return;
  }
  const found = await read(files, { held: images.length });
  images = [...images, ...found.images];
  drawImages();
  complain(found.wrong);
}

function drawImages() {
  find("images").replaceChildren(...images.map((image) => {
    const node = thumbnail(image.name, image.url);
    const out = node.querySelector("button");
    out.hidden = false;
    out.setAttribute("aria-label", `Take out ${image.name}`);
    out.addEventListener("click", () => {
      images = images.filter((one) => one !== image);
      drawImages();
      box.focus();
    });
    return node;
  }));
  show();
}

function complain(wrong) {
  find("complaint").hidden = !wrong.length;
  find("complaint-text").textContent = wrong.join(" ");
}

function showCode() {
  const text = box.value.trim();
  const pending = text || images.length ? { role: "user", text, images } : null;
  const until = turns.findLastIndex((turn) => turn.role === "user") + 1;
  const later = pending ? [] : turns.splice(until);
  const body = request(pending);
  turns.push(...later);
  if (!body.messages.some((message) => message.role === "user")) body.messages.push({ role: "user", content: "Hello!" });
  asCode(body, setup.api, settings.model).forEach(([, code], n) => {
    document.querySelector(`#as-code-${n + 1} code`).textContent = code;
  });
  document.getElementById("as-code-dialog").showModal();
}

composer.addEventListener("submit", (event) => { event.preventDefault(); send(); });
box.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  send();
});
box.addEventListener("input", show);
box.addEventListener("paste", (event) => {
  const files = filesOf(event.clipboardData);
  if (!files.length) return;
  event.preventDefault();
  take(files);
});
for (const kind of ["dragover", "drop"]) {
  page.addEventListener(kind, (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    if (kind === "drop") take(filesOf(event.dataTransfer));
  });
}
find("file").addEventListener("change", async (event) => {
  const files = [...event.target.files];
  event.target.value = "";
  await take(files);
  box.focus();
});
find("attach").addEventListener("click", () => find("file").click());
find("undo").addEventListener("click", undo);
find("stop").addEventListener("click", () => { stop(); box.focus(); });
find("show-code").addEventListener("click", showCode);
find("new").addEventListener("click", () => document.getElementById("clear-dialog").showModal());
document.querySelector("[data-clear]").addEventListener("click", () => {
  document.getElementById("clear-dialog").close();
  clear();
});
for (const starter of page.querySelectorAll("[data-starter]")) {
  starter.addEventListener("click", () => { box.value = starter.textContent; show(); box.focus(); });
}
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && running && !document.querySelector("dialog[open]")) {
    event.preventDefault();
    stop();
    box.focus();
  }
});
addEventListener("beforeunload", (event) => {
  if (turns.length || edits.open || box.value.trim() || images.length) event.preventDefault();
});
settings.onChange = show;
show();
box.disabled = false;
if (!CSS.supports("field-sizing", "content")) {
  box.addEventListener("input", () => { box.rows = Math.min(12, box.value.split("\n").length); });
}
// On a phone this would cover half of the page with its keyboard.
if (matchMedia("(pointer: fine)").matches) box.focus({ preventScroll: true });
