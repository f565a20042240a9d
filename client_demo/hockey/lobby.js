/** What the page says about the match: the score, the clock, who plays where, who is ready. All of it is the roster's. */
import { make, setText } from "../pages/dom.js";

/** @typedef {import("../pages/net.js").Entity} Entity */
/** @typedef {import("../pages/net.js").Session} Session */
/**
 * @typedef {object} Parts
 * @property {HTMLElement} lobby
 * @property {HTMLElement} title
 * @property {HTMLElement} hint
 * @property {HTMLElement} red
 * @property {HTMLElement} blue
 * @property {HTMLElement} watchers
 * @property {HTMLButtonElement} ready
 * @property {HTMLButtonElement} swap
 * @property {HTMLElement} scoreRed
 * @property {HTMLElement} scoreBlue
 * @property {HTMLElement} clock
 * @property {HTMLElement} phase
 */

const TEAM_SIZE = 3;
/** @type {Readonly<Record<string, string>>} */
const PHASES = Object.freeze({
  lobby: "warm-up",
  countdown: "get ready",
  playing: "",
  results: "final score",
});

export class Lobby {
  #parts;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /** Something has changed. @param {Session} session */
  update(session) {
    const { room, roster, me } = session;
    const { lobby, title, hint, red, blue, watchers, ready, swap, phase } = this.#parts;
    if (room === null || me === null) return;
    setText(this.#parts.scoreRed, String(room.red));
    setText(this.#parts.scoreBlue, String(room.blue));
    setText(phase, PHASES[room.phase] ?? "");
    lobby.hidden = room.phase === "playing" || room.phase === "countdown";
    lobby.dataset.phase = room.phase;
    setText(title, room.phase === "results" ? outcome(room) : "Warm-up");
    const players = roster.filter(({ spectator }) => !spectator);
    setText(hint, waitingFor(players, room.phase));
    for (const [list, team] of /** @type {const} */ ([
      [red, "red"],
      [blue, "blue"],
    ])) {
      const members = players.filter((entry) => entry.team === team);
      const rows = members.map((entry) => row(entry, entry.number === me.number, room.phase));
      const free = Array.from({ length: TEAM_SIZE - members.length }, () =>
        make("li", "free", "free: a bot plays"),
      );
      list.replaceChildren(...rows, ...free);
    }
    const others = roster.length - players.length;
    watchers.hidden = others === 0;
    setText(watchers, others === 1 ? "1 spectator" : `${others} spectators`);
    const own = me.state;
    const plays = own !== null && !own.spectator;
    ready.hidden = !plays;
    swap.hidden = !plays;
    if (!plays) return;
    ready.setAttribute("aria-pressed", String(own.ready));
    const waiting = room.phase === "results" ? "Rematch" : "Ready";
    setText(ready, own.ready ? "Not ready" : waiting);
    const other = own.team === "red" ? "blue" : "red";
    swap.disabled = players.filter(({ team }) => team === other).length >= TEAM_SIZE;
    swap.dataset.to = other;
  }

  /** @param {Readonly<Entity> | null} room @param {number} tick @param {number} hz */
  showClock(room, tick, hz) {
    const ends = room?.ends_at_tick ?? 0;
    const seconds = Math.max(0, Math.ceil((ends - tick) / hz));
    const text = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    setText(this.#parts.clock, ends === 0 ? "" : text);
    this.#parts.clock.classList.toggle(
      "late",
      room?.phase === "playing" && ends > 0 && seconds <= 10,
    );
  }
}

/** @param {Readonly<Entity>} entry @param {boolean} isMe @param {string} phase */
function row(entry, isMe, phase) {
  const item = make("li", isMe ? "me" : "");
  const name = document.createElement("bdi");
  name.textContent = entry.name;
  item.append(name);
  if (phase === "results" && entry.goals > 0) {
    item.append(make("span", "goals", entry.goals === 1 ? "1 goal" : `${entry.goals} goals`));
  }
  const [mark, says] = entry.connected ? (entry.ready ? ["✓", "ready"] : ["", ""]) : ["…", "away"];
  const sign = make("span", `sign ${says}`, mark);
  if (says !== "") sign.setAttribute("aria-label", says);
  item.append(sign);
  return item;
}

/** @param {Readonly<Entity>} room */
function outcome({ red, blue }) {
  if (red === blue) return "A draw";
  return red > blue ? "Red wins" : "Blue wins";
}

/** @param {readonly Readonly<Entity>[]} players @param {string} phase */
function waitingFor(players, phase) {
  const missing = players.filter(({ connected, ready }) => connected && !ready);
  if (missing.length === 0) return "Here we go.";
  const names = missing.map(({ name }) => name).join(", ");
  const what = phase === "results" ? "A rematch" : "The match";
  return `${what} begins when all are ready: ${names}.`;
}
