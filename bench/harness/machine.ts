/** The machine that the figures were measured on. */
import { arch, availableParallelism, cpus, loadavg, release, totalmem, type } from "node:os";

export interface Machine {
  readonly date: string;
  readonly processor: string;
  readonly memory: string;
  readonly system: string;
  readonly runtime: string;
  /** The load of the machine before. */
  readonly load: number;
}

export function describeMachine(): Machine {
  return {
    date: new Date().toISOString().slice(0, 16).replace("T", " ") + " UTC",
    processor: `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? "unknown"} (${arch()})`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${type()} ${release()}`,
    runtime: `Deno ${Deno.version.deno}, V8 ${Deno.version.v8}`,
    load: loadavg()[0] ?? NaN,
  };
}
