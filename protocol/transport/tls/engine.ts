/** The engine on TLS 1.3 over TCP, for clients and servers: for networks without UDP. */
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
import { dial } from "./dial.ts";
import { TlsListener } from "./listener.ts";
import { identity, listenTcp } from "./socket.ts";

interface EngineDependencies {
  readonly clock: Clock;
  /** Cryptographically random bytes. */
  readonly random: (length: number) => Uint8Array;
}

export function makeEngine({ clock, random }: EngineDependencies): Engine {
  return {
    name: "tls",
    async listen(options: ListenOptions): Promise<Listener> {
      const { admit, alpn, certificate, hostname, onHandshake, port, privateKey } = options;
      const limits = { ...DEFAULT_LIMITS, ...options.limits };
      const context = identity(certificate, privateKey);
      const server = await listenTcp({ hostname, port });
      return new TlsListener({ server, context, alpn, limits, admit, onHandshake, clock, random });
    },
    async dial(options: DialOptions): Promise<Connection> {
      const limits = { ...DEFAULT_LIMITS, ...options.limits };
      return await dial({ limits, clock }, options);
    },
  };
}

export const engine: Engine = makeEngine({
  clock: systemClock,
  random: (length) => getRandomValues(new Uint8Array(length)),
});
