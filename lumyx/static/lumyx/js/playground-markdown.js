// Draws Markdown as it streams in: blocks that are finished once, and only the last one again.
// `marked` reads it, DOMPurify lets through what is harmless; raw HTML and images are shown as
// words, since an answer may make the browser neither run nor load anything.

/* global marked, DOMPurify */

const ALLOWED = {
  ALLOWED_TAGS: ["a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul"],
  ALLOWED_ATTR: ["align", "class", "href", "start", "title"],
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:)/i,
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  RETURN_DOM_FRAGMENT: true,
};
const SLOW = 6;
/** Lines that may still become something else: a rule, a heading's line, a fence, a marker. */
const UNDECIDED = /(^|\n)[ \t]*(?:[-=*_+#>|~`]{1,3}|\d{1,9}[.)]?)[ \t]*$/;
const DEFINITION = /^ {0,3}\[[^\]\n]+\]:/m;

const escaped = (text) => text.replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`);

const reader = new marked.Marked({
  renderer: {
    html: ({ text, block }) => (block ? `<p>${escaped(text)}</p>` : escaped(text)),
    image: ({ href, text }) => `<a href="${escaped(href)}">${escaped(text || "image")}</a>`,
    // The page has headings of its own above those of an answer.
    heading({ tokens, depth }) {
      const level = Math.min(6, depth + 2);
      return `<h${level}>${this.parser.parseInline(tokens)}</h${level}>\n`;
    },
    checkbox: ({ checked }) => (checked ? "☑ " : "☐ "),
    code: ({ text, lang }) => `<pre><code class="${escaped((lang ?? "").split(/\s/)[0])}">${escaped(text)}\n</code></pre>`,
  },
});

function drawn(tokens) {
  const fragment = DOMPurify.sanitize(reader.parser(tokens), ALLOWED);
  for (const link of fragment.querySelectorAll("a")) {
    if (link.hasAttribute("href")) Object.assign(link, { target: "_blank", rel: "noopener noreferrer nofollow" });
    else link.replaceWith(...link.childNodes);
  }
  for (const table of fragment.querySelectorAll("table")) {
    const frame = document.createElement("div");
    frame.className = "table-wrap table-scroll";
    frame.tabIndex = 0;
    frame.setAttribute("role", "region");
    frame.setAttribute("aria-label", "Table");
    table.className = "table";
    table.replaceWith(frame);
    frame.append(table);
  }
  for (const pre of fragment.querySelectorAll("pre")) {
    const code = pre.querySelector("code");
    const frame = document.getElementById("code-block").content.cloneNode(true).firstElementChild;
    frame.querySelector("[data-language]").textContent = code?.className || "text";
    code?.removeAttribute("class");
    pre.replaceWith(frame);
    frame.querySelector("pre").replaceWith(pre);
    pre.tabIndex = 0;
  }
  for (const one of fragment.querySelectorAll("[class]")) {
    if (!one.closest(".code, .table-wrap")) one.removeAttribute("class");
  }
  return fragment;
}

// What is used for the first time is slow; the first token should not wait for that.
setTimeout(() => drawn(reader.lexer("- **ready**\n\n`set`")), 200);

export class Painter {
  /** Draws into a node; `after` is called each time something was drawn. */
  constructor(node, after = () => {}) {
    Object.assign(this, { node, after, text: "", from: 0, last: [], frame: 0, next: 0 });
  }

  /** Takes more text and draws it with the next frame; the very first at once. */
  add(text) {
    const first = !this.text;
    this.text += text.replace(/\r\n?/g, "\n");
    if (first) {
      this.#draw(false);
      this.after();
    } else this.frame ||= requestAnimationFrame((now) => this.#frame(now));
  }

  #frame(now) {
    this.frame = 0;
    if (now < this.next) {
      this.frame = requestAnimationFrame((later) => this.#frame(later));
      return;
    }
    const begun = performance.now();
    this.#draw(false);
    const took = performance.now() - begun;
    // A block that takes long leaves the browser most of the time for everything else.
    this.next = took > SLOW ? begun + 5 * took : 0;
    this.after();
  }

  /** Draws all that there is, once and for good. */
  finish() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    if (DEFINITION.test(this.text)) {
      // A link may be named before it is defined.
      this.node.replaceChildren();
      this.from = 0;
      this.last = [];
    }
    this.#draw(true);
    this.after();
  }

  /** What nests too deeply to be drawn is shown as it was written: nothing is lost by it. */
  #draw(whole) {
    try {
      this.#drawMarkdown(whole);
    } catch {
      const plain = document.createElement("pre");
      plain.textContent = this.text;
      this.node.replaceChildren(plain);
      this.from = 0;
      this.code = null;
      this.last = [plain];
    }
  }

  #drawMarkdown(whole) {
    const rest = this.text.slice(this.from);
    const tokens = reader.lexer(whole ? rest : rest.replace(UNDECIDED, "$1"));
    let last = tokens.length - 1;
    while (last > 0 && tokens[last].type === "space") last--;
    const done = whole ? [] : tokens.slice(0, last);
    const raw = done.reduce((length, token) => length + token.raw.length, 0);
    if (this.#goesOn(tokens, done)) return;
    for (const old of this.last) old.remove();
    if (done.length) this.node.append(drawn(done));
    this.from += raw;
    const fragment = drawn(whole ? tokens : tokens.slice(last));
    this.last = [...fragment.childNodes];
    this.node.append(fragment);
    this.code = tokens[last]?.type === "code" ? tokens[last].text : null;
  }

  /** A block of code that only got longer is not drawn anew, however long it is. */
  #goesOn(tokens, done) {
    const token = tokens.length - done.length === 1 && !done.length ? tokens[0] : null;
    if (token?.type !== "code" || this.code === null || !token.text.startsWith(this.code ?? "\0")) return false;
    const frames = this.last.filter((node) => node.nodeType === 1);
    const code = frames.length === 1 && frames[0].querySelector("pre > code");
    if (!code) return false;
    const grown = token.text.slice(this.code.length);
    if (grown) code.firstChild.insertData(this.code.length, grown);
    this.code = token.text;
    return true;
  }
}
