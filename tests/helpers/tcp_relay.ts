/**
 * A TCP relay between clients and a server on the loopback interface: the network that tests have in
 * their hands. It can keep back what comes from the server, and it can cut connections.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

export interface Target {
  readonly hostname: string;
  readonly port: number;
}

/** One TCP connection through the relay. */
export interface Flow {
  readonly client: Socket;
  readonly server: Socket;
}

export class TcpRelay implements AsyncDisposable {
  /** Nothing that the server says arrives: it is thrown away. */
  mute = false;
  /** Whoever connects is hung up on. */
  refuse = false;
  /** Where further connections go. */
  target: Target;
  /** In the order in which they came, those that have ended among them. */
  readonly flows: Flow[] = [];
  readonly #server: Server;

  private constructor(server: Server, target: Target) {
    this.#server = server;
    this.target = target;
  }

  static async to(target: Target): Promise<TcpRelay> {
    const server = createServer();
    const relay = new TcpRelay(server, target);
    server.on("connection", (client) => {
      if (relay.refuse) return void client.destroy();
      const { hostname, port } = relay.target;
      const flow = { client, server: connect(port, hostname) };
      relay.flows.push(flow);
      carry(flow.client, flow.server, () => true);
      carry(flow.server, flow.client, () => !relay.mute);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return relay;
  }

  /** Where clients connect to. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Leaves what the server says in its own buffers, until `release`. */
  hold(index: number): void {
    this.flows[index]?.server.pause();
  }

  release(index: number): void {
    this.flows[index]?.server.resume();
  }

  /** Ends a connection without a word of TLS: both ends see the end of TCP's bytes, and no more. */
  cut(index: number): void {
    const flow = this.flows[index];
    flow?.client.destroy();
    flow?.server.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const index of this.flows.keys()) this.cut(index);
    await closed;
  }
}

function carry(from: Socket, to: Socket, passes: () => boolean): void {
  from.on("data", (bytes) => {
    if (passes() && !to.write(bytes)) {
      from.pause();
      to.once("drain", () => from.resume());
    }
  });
  from.on("end", () => to.end());
  from.on("error", () => to.destroy());
  from.on("close", () => to.destroy());
}
