// The model that is called, and how.

const NUMBERS = ["temperature", "top_p", "max_tokens"];

export class Settings {
  constructor(page, models) {
    this.models = new Map(models.map((model) => [model.name, model]));
    this.fields = page.querySelector("[data-settings]").elements;
    this.about = page.querySelector("[data-about]");
    this.onChange = () => {};
    page.querySelector("[data-settings]").addEventListener("submit", (event) => event.preventDefault());
    this.fields.model?.addEventListener("change", () => { this.#show(); this.onChange(); });
    this.#show();
  }

  get model() {
    return this.models.get(this.fields.model?.value) ?? null;
  }

  can(what) {
    return this.model?.can.includes(what) ?? false;
  }

  system() {
    return this.fields.system.value.trim();
  }

  /** Returns what was set; what is empty is the model's own. */
  parameters() {
    const found = {};
    for (const name of NUMBERS) {
      const field = this.fields[name];
      if (field.value !== "" && !field.disabled) found[name] = Number(field.value);
    }
    const stop = this.fields.stop.value.split("\n").filter(Boolean);
    if (stop.length) found.stop = stop.map((one) => one.replaceAll("\\n", "\n"));
    const effort = this.fields.reasoning_effort;
    if (effort.value && !effort.disabled) found.reasoning_effort = effort.value;
    return found;
  }

  /** Returns whether every field can be sent, and leads to the first that cannot. */
  right() {
    const wrong = [...this.fields].find((field) => !field.checkValidity());
    if (!wrong) return true;
    const closed = wrong.closest("details:not([open])");
    if (closed) closed.open = true;
    wrong.reportValidity();
    return false;
  }

  #show() {
    const { model } = this;
    if (!model) return;
    const number = (one) => one.toLocaleString("en-US");
    const can = [["vision", "images"], ["reasoning", "reasoning"]].filter(([name]) => this.can(name)).map(([, words]) => words);
    this.about.querySelector("[data-input]").textContent = model.input;
    this.about.querySelector("[data-output]").textContent = model.output;
    this.about.querySelector("[data-context]").textContent = number(model.context);
    this.about.querySelector("[data-can]").textContent = ["text", ...can].join(", ");
    this.about.querySelector("[data-more]").href = `/models/${encodeURI(model.name)}`;
    this.fields.max_tokens.max = model.most_output;
    this.fields.max_tokens.placeholder = `up to ${number(model.most_output)}`;
    const samples = !this.can("adaptive_thinking");
    for (const name of ["temperature", "top_p"]) this.fields[name].disabled = !samples;
    const thinks = this.can("reasoning");
    this.fields.reasoning_effort.disabled = !thinks;
    this.fields.reasoning_effort.closest(".field").hidden = !thinks;
    for (const name of ["temperature", "top_p"]) this.fields[name].closest(".field").hidden = !samples;
  }
}
