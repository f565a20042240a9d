/**
 * The first screen: a name, and how one comes in. The page has the form with its title, its tagline and what only this
 * page asks. The rest, which all pages have, is put around that.
 */
import { byId, element, make, setText } from "./dom.js";

/** @typedef {import("./net.js").Wish} Wish */

/**
 * @typedef {object} Words what the card says
 * @property {string} someone in place of a name
 * @property {string} play comes in with anyone
 * @property {string} join comes in by the code in the page's address
 * @property {string} create comes in as the first one of a new room for friends
 * @property {boolean} [codes] whether it has a field for a friend's code
 * @property {string} [watch] comes in as a spectator; left out: that is not offered
 */

const NAME_FIELD_CHARS = 24;
const CODE_FIELD_CHARS = 12;

export class JoinCard {
  /** @type {(wish: Wish) => void} */
  onEnter = () => {};
  #words;
  #name = nameField();
  #play = make("button", "primary");
  #code = codeField();

  /** @param {Words} words */
  constructor(words) {
    this.#words = words;
    this.#name.placeholder = words.someone;
    this.#play.id = "play";
    const form = byId("join-form", HTMLFormElement);
    form.querySelector(".tagline")?.after(
      labelled(this.#name, "Your name"),
      this.#play,
      this.#choice("create", "quiet", words.create, () => this.#enter({ friends: true })),
    );
    if (words.codes) form.append(this.#friends());
    if (words.watch !== undefined) {
      const watch = () => this.#enter({ watch: true, ...this.#friend() });
      form.append(this.#choice("watch", "plain", words.watch, watch));
    }
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#enter(this.#friend());
    });
  }

  /** @param {string} name that was given before */
  show(name) {
    const code = codeInAddress();
    this.#name.value ||= name;
    this.#code.value = code;
    setText(this.#play, code === "" ? this.#words.play : this.#words.join);
    element("join").hidden = false;
    this.#name.focus();
  }

  hide() {
    element("join").hidden = true;
  }

  /** @param {Omit<Wish, "name">} how */
  #enter(how) {
    this.onEnter({ name: this.#name.value.trim(), ...how });
  }

  /** What a friend's code or link says. */
  #friend() {
    const code = this.#words.codes ? this.#code.value.trim() : codeInAddress();
    return code === "" ? {} : { code };
  }

  #friends() {
    const row = make("div", "friends");
    const label = make("label", "visually-hidden", "A friend's code");
    label.htmlFor = this.#code.id;
    const join = this.#choice("join-code", "quiet", "Join", () => {
      if (this.#code.value.trim() === "") this.#code.focus();
      else this.#enter(this.#friend());
    });
    row.append(label, this.#code, join);
    return row;
  }

  /** @param {string} id @param {string} look @param {string} text @param {() => void} then */
  #choice(id, look, text, then) {
    const button = make("button", look, text);
    button.id = id;
    button.type = "button";
    button.addEventListener("click", then);
    return button;
  }
}

function codeInAddress() {
  return new URLSearchParams(location.search).get("code") ?? "";
}

function nameField() {
  const input = make("input", "");
  Object.assign(input, { id: "name", maxLength: NAME_FIELD_CHARS, spellcheck: false });
  input.enterKeyHint = "go";
  return input;
}

function codeField() {
  const input = make("input", "code-field");
  Object.assign(input, { id: "friend-code", maxLength: CODE_FIELD_CHARS, spellcheck: false });
  input.placeholder = "a friend's code";
  input.autocapitalize = "characters";
  input.enterKeyHint = "go";
  return input;
}

/** @param {HTMLInputElement} input @param {string} text */
function labelled(input, text) {
  const label = make("label", "field");
  label.htmlFor = input.id;
  label.append(make("span", "", text), input);
  return label;
}
