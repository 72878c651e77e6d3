// Messages that go back into the composer to be changed, and what each took with it: nothing of
// it is lost before the changed message is sent.

export class Edits {
  #taken = [];

  /** Keeps the turns that an edit takes out, the first of them being edited, and the draft. */
  begin(turns, draft) {
    this.#taken.push({ turns, draft });
  }

  /** Returns what the last edit took out, to be put back. */
  undo() {
    return this.#taken.pop();
  }

  /** Ends all editing; returns the draft that was there before it. */
  end() {
    const draft = this.#draft;
    this.#taken = [];
    return draft;
  }

  get open() {
    return this.#taken.length > 0;
  }

  /** The draft, with what was changed in messages whose edit another one overtook. */
  get #draft() {
    const mine = this.#taken.map(({ draft }) => draft).filter(({ text }, n) => !n || text !== this.#taken[n - 1].turns[0].text);
    const texts = mine.map(({ text }) => text).filter((text) => text.trim());
    return { text: texts.join("\n\n"), images: mine[0]?.images ?? [] };
  }

  /** Says what sending does. */
  get words() {
    const after = this.#taken.reduce((sum, { turns }) => sum + turns.length, 0) - 1;
    const { text, images } = this.#draft;
    const said = [after > 1 ? `Sending this drops the ${after} messages after it.`
      : after ? "Sending this drops the message after it." : "You are changing your message."];
    if (text.trim() || images.length) said.push("Your draft comes back then.");
    return said.join(" ");
  }
}
