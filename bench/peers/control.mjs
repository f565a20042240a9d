/** A peer under the load generator's control: lines of JSON over stdin and stdout, as in `bench/control.py`. */
import readline from "node:readline";

/** @param {Record<string, unknown>} answer */
export function say(answer) {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

/** @param {Record<string, (command: any) => Record<string, unknown> | null>} answers null: answered later, with `say` */
export function obey(answers) {
  const lines = readline.createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    const command = JSON.parse(line);
    const answer = answers[command.cmd](command);
    if (answer !== null) say({ re: command.cmd, ...answer });
  });
  lines.on("close", () => process.exit(0));
}

/** @param {string} name @param {string} fallback */
export function option(name, fallback) {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : process.argv[at + 1];
}
