/** The quiche engine, for both roles, on Deno and Node. */
import { getRandomValues } from "node:crypto";
import { type Clock, systemClock } from "../../clock.ts";
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
import { Endpoint, type EndpointDependencies } from "./endpoint.ts";
import { QuicheListener } from "./listener.ts";
import { EventLoop } from "./event_loop.ts";
import { type LoadQuiche, loadQuiche } from "./native.ts";
import { openSocket, whenRefused } from "./open_socket.ts";
import type { WhenRefused } from "./socket.ts";

/**
 * Milliseconds between a client's keep-alives: so soon it learns that its server was restarted
 * (`Connection.forgotten`).
 */
const CLIENT_KEEP_ALIVE = 2_000;

/** What the engine needs from outside. */
export interface EngineDependencies extends EndpointDependencies {
  readonly load: LoadQuiche;
  readonly whenRefused: WhenRefused;
  /** quiche has timers of its own, in real time: this clock only decides when they are looked at. */
  readonly clock: Clock;
}

export function makeEngine(parts: EngineDependencies): Engine {
  const { clock, load, whenRefused } = parts;
  const loop = new EventLoop(clock);
  const endpoints = new ClientEndpoints(parts);
  return {
    name: "quiche",
    async listen(options: ListenOptions): Promise<Listener> {
      const { admit, alpn, hostname, onHandshake, onKeys, port, retry = true } = options;
      const limits = { ...DEFAULT_LIMITS, ...options.limits };
      const quiche = await load();
      const logsKeys = onKeys !== undefined;
      const config = makeConfig(quiche, { alpn, limits, identity: options, logsKeys });
      const endpoint = await Endpoint.open(parts, { hostname, port });
      const hooks = { admit, onHandshake, onKeys };
      return new QuicheListener({ quiche, loop, endpoint, config, limits, retry, ...hooks });
    },
    async dial(options: DialOptions): Promise<Connection> {
      const limits = { ...DEFAULT_LIMITS, keepAlive: CLIENT_KEEP_ALIVE, ...options.limits };
      const quiche = await load();
      return await dial({ quiche, clock, loop, endpoints, limits, whenRefused }, options);
    },
  };
}

export const engine: Engine = makeEngine({
  load: loadQuiche,
  openSocket,
  whenRefused,
  clock: systemClock,
  random: (length) => getRandomValues(new Uint8Array(length)),
});
