/** What covers a page while it is not connected: what is going on, and what one can do. */
import { make, setText } from "./dom.js";

export class Banner {
  onAgain = () => {};
  onLeave = () => {};
  #section = make("section", "banner");
  #title = make("h2", "", "Connecting…");
  #hint = make("p", "");
  #detail = make("p", "detail");
  #again = make("button", "primary", "Join again");

  /** @param {Element} page where it is put, at the end */
  constructor(page) {
    const spinner = make("div", "spinner");
    spinner.setAttribute("aria-hidden", "true");
    const leave = make("button", "quiet", "Back to the start");
    for (const button of [this.#again, leave]) button.type = "button";
    const choices = make("div", "choices");
    choices.append(this.#again, leave);
    const ids = {
      banner: this.#section,
      "banner-title": this.#title,
      "banner-hint": this.#hint,
      "banner-detail": this.#detail,
      "banner-action": this.#again,
      "banner-leave": leave,
    };
    for (const [id, part] of Object.entries(ids)) part.id = id;
    this.#section.setAttribute("aria-labelledby", this.#title.id);
    this.#section.append(spinner, this.#title, this.#hint, choices, this.#detail);
    this.#again.addEventListener("click", () => this.onAgain());
    leave.addEventListener("click", () => this.onLeave());
    this.hide();
    page.append(this.#section);
  }

  get isShown() {
    return !this.#section.hidden;
  }

  /**
   * @param {"connecting" | "reconnecting" | "closed"} link
   * @param {string} title
   * @param {string} [hint]
   * @param {string} [detail] for reports
   */
  show(link, title, hint = "", detail = "") {
    document.body.dataset.link = link;
    this.#section.hidden = false;
    setText(this.#title, title);
    setText(this.#hint, hint);
    setText(this.#detail, detail);
    this.#again.hidden = link !== "closed";
  }

  hide() {
    this.#section.hidden = true;
  }
}
