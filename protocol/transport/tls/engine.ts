/** The engine on TLS 1.3 over TCP, for both roles: the way through where there is no UDP. */
import { getRandomValues } from "node:crypto";
import {
  type Connection,
  DEFAULT_LIMITS,
  type DialOptions,
  type Engine,
  type Listener,
  type ListenOptions,
} from "../transport.ts";
import { dial } from "./dial.ts";
import { TlsListener } from "./listener.ts";
import { identity, listenTcp } from "./socket.ts";

/** What an engine takes from outside. */
export interface EngineParts {
  /** Milliseconds from any fixed point; never goes back. */
  readonly now: () => number;
  /** Bytes that nobody can guess. */
  readonly random: (length: number) => Uint8Array;
}

export function makeEngine({ now, random }: EngineParts): Engine {
  return {
    name: "tls",
    async listen(options: ListenOptions): Promise<Listener> {
      const { alpn, certificate, hostname, onHandshake, port, privateKey } = options;
      const limits = { ...DEFAULT_LIMITS, ...options.limits };
      const context = identity(certificate, privateKey);
      const server = await listenTcp({ hostname, port });
      return new TlsListener({ server, context, alpn, limits, onHandshake, now, random });
    },
    async dial(options: DialOptions): Promise<Connection> {
      const limits = { ...DEFAULT_LIMITS, ...options.limits };
      return await dial({ limits, now }, options);
    },
  };
}

export const engine: Engine = makeEngine({
  now: () => performance.now(),
  random: (length) => getRandomValues(new Uint8Array(length)),
});
