/** The engines by name, loaded when they are used. */
import type { Engine } from "../../protocol/transport/transport.ts";

export async function loadEngine(name: string): Promise<Engine> {
  switch (name) {
    case "builtin":
      return (await import("../../protocol/transport/builtin.ts")).engine;
    case "quiche":
      return (await import("../../protocol/transport/quiche/engine.ts")).engine;
    case "tls":
      return (await import("../../protocol/transport/tls/engine.ts")).engine;
    default:
      throw new Error(`There is no engine ${name}: builtin, quiche, tls`);
  }
}
