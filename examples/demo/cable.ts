/** A transport engine whose connections the demo can break, and keep from coming back. */
import {
  CLOSE_NONE,
  type Connection,
  type DialOptions,
  type Engine,
  TransportError,
} from "../../protocol/transport/transport.ts";

export class Cable {
  /** Dials as the real engine does while the cable is plugged in. */
  readonly engine: Engine;
  readonly #connections = new Set<Connection>();
  #plugged = true;

  constructor(engine: Engine) {
    this.engine = {
      name: engine.name,
      listen: (options) => engine.listen(options),
      dial: (options) => this.#dial(engine, options),
    };
  }

  /** Breaks every connection, and refuses new ones. */
  pull(): void {
    this.#plugged = false;
    for (const connection of this.#connections) connection.close(CLOSE_NONE, "cable pulled");
  }

  plugIn(): void {
    this.#plugged = true;
  }

  async #dial(engine: Engine, options: DialOptions): Promise<Connection> {
    if (!this.#plugged) throw new TransportError("unreachable", "The cable is pulled.");
    const connection = await engine.dial(options);
    this.#connections.add(connection);
    void connection.closed.then(() => this.#connections.delete(connection));
    return connection;
  }
}
