/**
 * Makes the browser client's copy of @msgpack/msgpack as one readable ES module. A page loads it in one request, without
 * an import map (which a strict Content-Security-Policy refuses inline) and without Node on the server.
 *
 *   node tools/vendor_msgpack.mjs            writes client_demo/vendor/msgpack/
 *   node tools/vendor_msgpack.mjs --check    exits with 1 if those files differ from what the installed package gives
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { build } from "esbuild";

const ROOT = new URL("../", import.meta.url);
const PACKAGE = new URL("node_modules/@msgpack/msgpack/", ROOT);
const TARGET = new URL("client_demo/vendor/msgpack/", ROOT);
const EXPORTS = "decode, DecodeError, Decoder, encode, Encoder, ExtensionCodec, ExtData";

/** @returns {Promise<Map<string, string>>} file name → text, for every file of the folder */
export async function vendoredFiles() {
  const { version } = JSON.parse(await readFile(new URL("package.json", PACKAGE), "utf8"));
  const reexport = `export { ${EXPORTS} } from "@msgpack/msgpack";\n`;
  const bundle = await build({
    stdin: { contents: reexport, resolveDir: new URL(".", ROOT).pathname },
    banner: {
      js: `// @msgpack/msgpack ${version}, ISC licence (see LICENSE). Made by tools/vendor_msgpack.mjs.`,
    },
    bundle: true,
    format: "esm",
    target: "es2022",
    write: false,
  });
  const [output] = bundle.outputFiles;
  if (output === undefined) throw new Error("esbuild gave no output");
  return new Map([
    ["msgpack.js", output.text],
    ["msgpack.d.ts", reexport],
    ["LICENSE", await readFile(new URL("LICENSE", PACKAGE), "utf8")],
  ]);
}

/** @returns {Promise<string[]>} the names of the files that are missing or differ */
export async function staleFiles() {
  const stale = [];
  for (const [name, wanted] of await vendoredFiles()) {
    const found = await readFile(new URL(name, TARGET), "utf8").catch(() => undefined);
    if (found !== wanted) stale.push(name);
  }
  return stale;
}

async function writeAll() {
  await mkdir(TARGET, { recursive: true });
  for (const [name, text] of await vendoredFiles()) await writeFile(new URL(name, TARGET), text);
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  if (process.argv.includes("--check")) {
    const stale = await staleFiles();
    if (stale.length > 0) console.error(`stale in client_demo/vendor/msgpack: ${stale.join(", ")}`);
    process.exitCode = stale.length > 0 ? 1 : 0;
  } else {
    await writeAll();
  }
}
