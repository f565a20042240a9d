/**
 * Which keys steer an unknown room: arrows and WASD for what has the name of a direction, space and
 * single letters for flags. Pure.
 */

/** @typedef {import("../sdk/fields.js").NumericField} NumericField */

/**
 * @typedef {object} Binding
 * @property {string} name of the input
 * @property {readonly string[]} codes of the keys
 * @property {number} value of a number while one is held
 * @property {string} shown what the keys are called
 */

const LEFT = { codes: ["ArrowLeft", "KeyA"], shown: "←" };
const RIGHT = { codes: ["ArrowRight", "KeyD"], shown: "→" };
const UP = { codes: ["ArrowUp", "KeyW"], shown: "↑" };
const DOWN = { codes: ["ArrowDown", "KeyS"], shown: "↓" };

const SIDEWAYS =
  /^(?:[dvam]|move_?|stick_?|dir_?|walk_?)?x$|^(?:turn|steer|side|strafe|horizontal|rotate|yaw)$/;
const UPRIGHT = /^(?:[dvam]|move_?|stick_?|dir_?|walk_?)?y$|^vertical$/;
const AHEAD = /^(?:forward|ahead|throttle|thrust|gas|accelerate)$/;
/** Flags that are a direction by themselves. */
const FLAGS = [
  { names: /^left$/, keys: LEFT },
  { names: /^right$/, keys: RIGHT },
  { names: /^(?:up|forward|ahead|thrust|gas|accelerate)$/, keys: UP },
  { names: /^(?:down|back|backward|brake|duck)$/, keys: DOWN },
];
/** For other flags, in their order. */
const MORE = [
  { codes: ["Space"], shown: "space" },
  { codes: ["ShiftLeft", "ShiftRight"], shown: "shift" },
  { codes: ["KeyE"], shown: "E" },
  { codes: ["KeyQ"], shown: "Q" },
  { codes: ["KeyR"], shown: "R" },
  { codes: ["KeyF"], shown: "F" },
];

/** @param {readonly NumericField[]} fields @returns {Binding[]} */
export function assignKeys(fields) {
  const more = [...MORE];
  return fields.flatMap((field) => {
    if (field.type === "flag") {
      const keys = FLAGS.find(({ names }) => names.test(field.name))?.keys ?? more.shift();
      return keys === undefined ? [] : [{ name: field.name, value: 1, ...keys }];
    }
    if (field.type !== "int" && field.type !== "float") return [];
    const [low, high] = [field.lo * field.step, field.hi * field.step];
    const both = (/** @type {typeof LEFT} */ less, /** @type {typeof LEFT} */ more) => [
      ...(low < 0 ? [{ name: field.name, value: low, ...less }] : []),
      { name: field.name, value: high, ...more },
    ];
    if (SIDEWAYS.test(field.name)) return both(LEFT, RIGHT);
    if (UPRIGHT.test(field.name)) return both(UP, DOWN); // y grows downwards, as on the canvas
    return AHEAD.test(field.name) ? both(DOWN, UP) : [];
  });
}
