/**
 * Where a process of the bench runs: the server on a core of its own, so that the load takes no time
 * from it, and everything else on another. Flooders there run at the lowest priority, so that they
 * take little time from the clients whose delays are measured.
 */
import { availableParallelism } from "node:os";

export interface Placement {
  /** What goes before the commands of these processes. */
  readonly server: readonly string[];
  readonly clients: readonly string[];
  readonly flooders: readonly string[];
  /** For the report. */
  readonly description: string;
}

/** All processes share the cores where there is only one core, or no `taskset`. */
export async function findPlacement(): Promise<Placement> {
  if (availableParallelism() < 2 || !await hasTaskset()) {
    return { server: [], clients: [], flooders: [], description: "All share the processors." };
  }
  const onCore = (core: number) => ["taskset", "--cpu-list", String(core)];
  return {
    server: onCore(0),
    clients: onCore(1),
    flooders: [...onCore(1), "nice", "--adjustment=19"],
    description: "The server has one core, and all clients another.",
  };
}

async function hasTaskset(): Promise<boolean> {
  try {
    const { success } = await new Deno.Command("taskset", {
      args: ["--cpu-list", "0", "nice", "--adjustment=19", "true"],
      stderr: "null",
    }).output();
    return success;
  } catch {
    return false;
  }
}
