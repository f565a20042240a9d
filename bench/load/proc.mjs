/** Figures of the operating system about processes and cores. Linux only. */
import fs from "node:fs";

const HZ = 100;

/** CPU time of a whole process, in seconds. @param {number} pid */
export function cpuOf(pid) {
  const text = fs.readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { user: Number(fields[11]) / HZ, system: Number(fields[12]) / HZ };
}

/** Resident memory in KiB. @param {number} pid */
export function residentKib(pid) {
  const match = /VmRSS:\s+(\d+) kB/.exec(fs.readFileSync(`/proc/${pid}/status`, "latin1"));
  return match ? Number(match[1]) : 0;
}

/** Busy and stolen seconds of a core since boot. @param {number} core */
export function coreTimes(core) {
  const line = fs.readFileSync("/proc/stat", "latin1").split("\n")[core + 1];
  const [user, nice, system, , , irq, softirq, steal] = line.split(/\s+/).slice(1).map(Number);
  return { busy: (user + nice + system + irq + softirq) / HZ, stolen: (steal ?? 0) / HZ };
}

/** @param {number} ms */
export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
