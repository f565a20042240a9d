import assert from "node:assert/strict";
import { test } from "node:test";
import { Interpolator } from "../../client_demo/sdk/interpolation.js";
import { layersOf } from "../../client_demo/sdk/layers.js";
import { Predictor } from "../../client_demo/sdk/prediction.js";
import { compileSchema } from "../../client_demo/sdk/schema.js";
import { ViewRing } from "../../client_demo/sdk/view_state.js";
import { show } from "./support/views.js";

const FLOAT = { kind: "float", step: 1, lo: -1000, hi: 1000 };
const DISC = {
  name: "Disc",
  fields: [
    { name: "x", ...FLOAT, rate: 1 },
    { name: "vx", ...FLOAT, rate: null },
  ],
};
const WIRE = { fingerprint: "00000000000000cc", entities: [DISC], inputs: [] };

test("the layers say where a disc is by the server, in the past, and predicted", () => {
  const schema = compileSchema(WIRE, 10);
  const [type] = schema.types;
  const ring = new ViewRing(schema);
  const interpolator = new Interpolator(schema, 10);
  const glide = (/** @type {any} */ disc, /** @type {any} */ _, /** @type {number} */ dt) => {
    disc.x += disc.vx * dt;
  };
  const predictor = new Predictor(type, [], glide, 10);
  for (const tick of [1, 2, 3]) {
    show(ring, { tick, tables: [{ ids: [7], rows: [[10 * tick, 100]], objects: [] }] });
  }
  predictor.begin(3, 0, ring.newest.tables[0], 0);
  predictor.predict(1, [], 0.3, 0.1);
  predictor.predict(2, [], 0.4, 0.1);
  interpolator.draw(ring, 0.1);
  const layers = layersOf(schema, ring.newest, interpolator.lists, predictor, null);
  const places = [layers.interpolated, layers.server, layers.predicted].map((layer) =>
    layer.get("Disc")?.map(({ id, x }) => [id, x]),
  );
  assert.deepEqual(places, [[[7, 10]], [[7, 30]], [[7, 50]]]);
});
