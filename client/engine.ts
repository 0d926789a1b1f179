/**
 * Which QUIC engine a client dials with: quiche, which shows the server's key; where that has no
 * build for the platform, the one built into Deno, which can only check a key that is known.
 */
import process from "node:process";
import { type Engine, TransportError } from "../protocol/transport/transport.ts";

/** The client's engine. `onFallback` is told once why it is not quiche. */
export async function clientEngine(onFallback: (reason: string) => void): Promise<Engine> {
  const { engine } = await import("../protocol/transport/quiche/engine.ts");
  if (process.versions["deno"] === undefined) return engine;
  const builtin = async () => (await import("../protocol/transport/builtin.ts")).engine;
  return withFallback(engine, builtin, onFallback);
}

/** Dials with another engine once the first has said that it cannot work on this platform. */
export function withFallback(
  first: Engine,
  second: () => Promise<Engine>,
  onFallback: (reason: string) => void,
): Engine {
  let chosen = first;
  return {
    name: first.name,
    listen: (options) => chosen.listen(options),
    async dial(options) {
      try {
        return await chosen.dial(options);
      } catch (failure) {
        const unsupported = failure instanceof TransportError && failure.code === "unsupported";
        if (!unsupported || chosen !== first) throw failure;
        onFallback(failure.message);
        chosen = await second();
        return await chosen.dial(options);
      }
    },
  };
}
