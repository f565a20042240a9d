/**
 * What a seat has to tell the game: events, what did not happen after all, and what the game did
 * wrong. Pure; takes what it tells out of the seat.
 */
import { emit, warn } from "./actions.js";

/** @typedef {import("./actions.js").Action} Action */
/** @typedef {import("./seat.js").Seat} Seat */

/**
 * Events that happened by `tick`, oldest first.
 *
 * @param {Seat} seat
 * @param {number} tick of what is drawn
 * @param {Action[]} actions
 */
export function tellEvents({ events }, tick, actions) {
  for (let event = events.take(tick); event; event = events.take(tick)) {
    actions.push(emit("event", event));
  }
}

/**
 * What was shown ahead of the server and did not happen.
 *
 * @param {Seat} seat
 * @param {number} nowS
 * @param {Action[]} actions
 */
export function tellWithdrawn({ events, replica }, nowS, actions) {
  for (const entity of replica.spawns.withdrawn.splice(0)) {
    actions.push(emit("withdrawn", { entity }));
  }
  for (let lost = events.takeOverdue(nowS); lost; lost = events.takeOverdue(nowS)) {
    actions.push(emit("withdrawn", { name: lost.name, payload: lost.payload }));
  }
}

/**
 * Controls that the room does not have, a step that raised: each said once.
 *
 * @param {Seat} seat
 * @param {Action[]} actions
 */
export function reportFaults(seat, actions) {
  const { frames, replica } = seat;
  if (frames.fault !== "" && frames.fault !== seat.reportedFault) {
    actions.push(warn("bad_controls", frames.fault));
  }
  seat.reportedFault = frames.fault;
  if (replica.stepFault !== "") actions.push(warn("prediction_failed", replica.stepFault));
  replica.stepFault = "";
}
