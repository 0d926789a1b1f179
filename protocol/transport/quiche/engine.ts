/** The quiche engine, for both roles, on Deno and Node. */
import { getRandomValues } from "node:crypto";
import {
  type Connection,
  DEFAULT_LIMITS,
  type DialOptions,
  type Engine,
  type Listener,
  type ListenOptions,
} from "../transport.ts";
import { ClientEndpoints } from "./client_endpoints.ts";
import { makeConfig } from "./config.ts";
import { dial } from "./dial.ts";
import { Endpoint, type EndpointParts } from "./endpoint.ts";
import { QuicheListener } from "./listener.ts";
import { Loop } from "./loop.ts";
import { type LoadQuiche, loadQuiche } from "./native.ts";
import { openSocket, whenRefused } from "./open_socket.ts";
import type { WhenRefused } from "./socket.ts";

/** What an engine takes from outside. */
export interface EngineParts extends EndpointParts {
  readonly load: LoadQuiche;
  readonly whenRefused: WhenRefused;
  /** Milliseconds from any fixed point; never goes back. */
  readonly now: () => number;
}

export function makeEngine(parts: EngineParts): Engine {
  const { load, now, whenRefused } = parts;
  const loop = new Loop(now);
  const endpoints = new ClientEndpoints(parts);
  return {
    name: "quiche",
    async listen(options: ListenOptions): Promise<Listener> {
      const { alpn, hostname, onHandshake, port, retry = true } = options;
      const limits = { ...DEFAULT_LIMITS, ...options.limits };
      const quiche = await load();
      const config = makeConfig(quiche, { alpn, limits, identity: options });
      const endpoint = await Endpoint.open(parts, { hostname, port });
      return new QuicheListener({ quiche, loop, endpoint, config, limits, retry, onHandshake });
    },
    async dial(options: DialOptions): Promise<Connection> {
      const limits = { ...DEFAULT_LIMITS, ...options.limits };
      const quiche = await load();
      return await dial({ quiche, loop, endpoints, limits, whenRefused }, options);
    },
  };
}

export const engine: Engine = makeEngine({
  load: loadQuiche,
  openSocket,
  whenRefused,
  now: () => performance.now(),
  random: (length) => getRandomValues(new Uint8Array(length)),
});
