/** A server that is being measured: started on its own core, controlled with lines of JSON over stdin and stdout. */
import { spawn } from "node:child_process";
import readline from "node:readline";

export class ServerProcess {
  #waiting = [];
  #ending = false;

  /**
   * @param {string[]} command
   * @param {number} core
   * @param {string} cwd
   * @param {boolean} realtime whether it runs before all ordinary processes (needs the right to do so)
   */
  constructor(command, core, cwd, realtime) {
    const priority = realtime ? ["chrt", "-f", "10"] : [];
    this.child = spawn("taskset", ["-c", String(core), ...priority, ...command], {
      cwd,
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, NODE_ENV: "production" },
    });
    readline.createInterface({ input: this.child.stdout }).on("line", (line) => this.#take(line));
    this.child.on("exit", (code, signal) => {
      if (this.#ending) return;
      process.stderr.write(`the server ended: ${code ?? signal}\n`);
      process.exit(1);
    });
  }

  /** The server's process id: taskset and chrt replace themselves with the server. */
  get pid() {
    return this.child.pid;
  }

  /** @returns {Promise<any>} what the server writes once it listens */
  ready() {
    return this.#answer("ready");
  }

  /** @param {Record<string, unknown>} command @returns {Promise<any>} */
  ask(command) {
    this.child.stdin.write(`${JSON.stringify(command)}\n`);
    return this.#answer(String(command.cmd));
  }

  async end() {
    this.#ending = true;
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.stdin.end();
    const late = setTimeout(() => this.child.kill("SIGKILL"), 3000);
    await ended;
    clearTimeout(late);
  }

  #answer(re) {
    return new Promise((resolve) => this.#waiting.push({ re, resolve }));
  }

  #take(line) {
    const answer = JSON.parse(line);
    const at = this.#waiting.findIndex(({ re }) => re === answer.re);
    if (at < 0) throw new Error(`unexpected answer: ${line.slice(0, 200)}`);
    this.#waiting.splice(at, 1)[0].resolve(answer);
  }
}
