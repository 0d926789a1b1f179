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
import { makeConfig } from "./config.ts";
import { dial } from "./dial.ts";
import { Endpoint } from "./endpoint.ts";
import { QuicheListener } from "./listener.ts";
import { Loop } from "./loop.ts";
import { type LoadQuiche, loadQuiche } from "./native.ts";
import { type OpenSocket, openSocket } from "./socket.ts";

/** What an engine takes from outside. */
export interface EngineParts {
  readonly load: LoadQuiche;
  readonly openSocket: OpenSocket;
  /** Milliseconds from any fixed point; never goes back. */
  readonly now: () => number;
  /** Bytes that nobody can guess. */
  readonly random: (length: number) => Uint8Array;
}

export function makeEngine(parts: EngineParts): Engine {
  const { load, now, openSocket, random } = parts;
  const loop = new Loop(now);
  return {
    name: "quiche",
    async listen(options: ListenOptions): Promise<Listener> {
      const quiche = await load();
      const limits = { ...DEFAULT_LIMITS, ...options.limits };
      const config = makeConfig(quiche, { alpn: options.alpn, limits, identity: options });
      const { hostname, port } = options;
      const address = { hostname, port };
      const endpoint = await Endpoint.open({ openSocket, random, address, closeWhenIdle: false });
      return new QuicheListener({
        quiche,
        loop,
        endpoint,
        config,
        limits,
        retry: options.retry ?? true,
        onHandshake: options.onHandshake,
      });
    },
    async dial(options: DialOptions): Promise<Connection> {
      const quiche = await load();
      const limits = { ...DEFAULT_LIMITS, ...options.limits };
      return await dial({ quiche, loop, limits, openSocket, random }, options);
    },
  };
}

export const engine: Engine = makeEngine({
  load: loadQuiche,
  openSocket,
  now: () => performance.now(),
  random: (length) => getRandomValues(new Uint8Array(length)),
});
