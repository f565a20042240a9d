/**
 * What the SDK's predicted world costs, in Node's V8.
 *
 *     python -m tests.scenarios.touch
 *
 * reads the schema and the step module as JSON from standard input: `{schema, module}`.
 */

import { readFileSync } from "node:fs";
import { work } from "./touch_work.js";

const job = JSON.parse(readFileSync(0, "utf8"));
console.log(await work(job, () => process.memoryUsage().heapUsed, "the SDK in Node"));
