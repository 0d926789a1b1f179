/**
 * The machine of one client: quiche on sockets that can be cut off from the network, as in a tunnel,
 * and moved to another address. It counts the datagrams that come.
 */
import { getRandomValues } from "node:crypto";
import { systemClock } from "../../protocol/clock.ts";
import { makeEngine } from "../../protocol/transport/quiche/engine.ts";
import { loadQuiche } from "../../protocol/transport/quiche/native.ts";
import { openSocket, whenRefused } from "../../protocol/transport/quiche/open_socket.ts";
import type { DatagramSocket } from "../../protocol/transport/quiche/socket.ts";
import {
  type Address,
  CLOSE_NONE,
  type Connection,
  type DialOptions,
  type Engine,
} from "../../protocol/transport/transport.ts";

export class Machine {
  readonly engine: Engine;
  /** While it is set, nothing comes in, and nothing gets out. */
  isCut = false;
  readonly #onDatagram: () => void;
  readonly #connections = new Set<Connection>();

  constructor(onDatagram: () => void) {
    this.#onDatagram = onDatagram;
    const engine = makeEngine({
      load: loadQuiche,
      openSocket: (address) => this.#open(address),
      whenRefused,
      clock: systemClock,
      random: (length) => getRandomValues(new Uint8Array(length)),
    });
    this.engine = { ...engine, dial: (options) => this.#dial(engine, options) };
  }

  /** Goes on from a new local port. Returns whether there was a connection to move. */
  async move(): Promise<boolean> {
    const [connection] = this.#connections;
    try {
      await connection?.rebind();
      return connection !== undefined;
    } catch {
      return false; // It has closed meanwhile.
    }
  }

  /** Ends everything without a word of the session. */
  closeAll(): void {
    for (const connection of this.#connections) connection.close(CLOSE_NONE);
  }

  async #dial(engine: Engine, options: DialOptions): Promise<Connection> {
    const connection = await engine.dial(options);
    this.#connections.add(connection);
    void connection.closed.then(() => this.#connections.delete(connection));
    return connection;
  }

  async #open(address: Address): Promise<DatagramSocket> {
    const socket = await openSocket(address);
    const close = () => socket.close();
    return {
      address: socket.address,
      send: (datagram, to) => this.isCut ? Promise.resolve() : socket.send(datagram, to),
      receive: (receive) =>
        socket.receive((datagram, hostname, port) => {
          this.#onDatagram();
          if (!this.isCut) receive(datagram, hostname, port);
        }),
      close,
      [Symbol.asyncDispose]: close,
    };
  }
}
