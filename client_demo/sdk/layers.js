/**
 * The three places of each entity that a picture is made from, for a look at how well prediction
 * goes: where the newest state has it, where it is interpolated in the past, where it is predicted.
 *
 * No twin in `gameserver/client/`: a program that does not draw has no use for it.
 */
import { newEntity, setColumns, setObjects } from "./drawn.js";

/**
 * @typedef {import("./drawn.js").Entity} Entity
 * @typedef {import("./predicted_world.js").PredictedWorld} PredictedWorld
 * @typedef {import("./prediction.js").Predictor} Predictor
 * @typedef {import("./schema.js").Schema} Schema
 * @typedef {import("./view_state.js").Table} Table
 * @typedef {import("./view_state.js").ViewState} ViewState
 *
 * @typedef {object} Layers each by the name of the type
 * @property {Map<string, readonly Entity[]>} server as the newest state has them
 * @property {Map<string, readonly Entity[]>} interpolated as they were drawn last, a little in the
 *   past; the own avatar too
 * @property {Map<string, readonly Entity[]>} predicted the own avatar and the bodies near it after
 *   the newest predicted tick
 */

/**
 * @param {Schema} schema
 * @param {ViewState} newest
 * @param {readonly (readonly Entity[])[]} interpolated by index of the type
 * @param {Predictor | null} predictor
 * @param {PredictedWorld | null} world
 * @returns {Layers} new objects each time, of which only `server` holds copies
 */
export function layersOf({ types }, newest, interpolated, predictor, world) {
  const [server, past, predicted] = [new Map(), new Map(), new Map()];
  for (const { name, index } of types) {
    server.set(name, read(newest.tables[index]));
    past.set(name, interpolated[index]);
    const own = predictor?.type.index === index ? [predictor.avatar] : [];
    predicted.set(name, [...own, ...(world?.bodiesOf(index) ?? [])]);
  }
  return { server, interpolated: past, predicted };
}

/** @param {Table} table @returns {Entity[]} */
function read(table) {
  const columns = table.type.numeric.map((_, column) => column);
  return Array.from({ length: table.count }, (_, row) => {
    const entity = newEntity(table.type, table.ids[row]);
    setColumns(entity, columns, table, row);
    setObjects(entity, table, row);
    return entity;
  });
}
