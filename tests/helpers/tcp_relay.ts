/**
 * A TCP relay between clients and a server on the loopback interface: the network that tests have in
 * their hands. It can keep back or slow down what passes, and it can cut connections.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

interface Target {
  readonly hostname: string;
  readonly port: number;
}

/** One TCP connection through the relay. */
interface Flow {
  readonly client: Socket;
  readonly server: Socket;
  /** Milliseconds that everything takes longer, in either direction. */
  lag: number;
}

export class TcpRelay implements AsyncDisposable {
  /** Nothing that the server says arrives: it is thrown away. */
  mute = false;
  /** Whoever connects is hung up on. */
  refuse = false;
  /** Told of everything that comes, from either side. */
  onBytes: (bytes: Uint8Array) => void = () => {};
  /** Where further connections go. */
  target: Target;
  readonly #server: Server;
  /** In the order in which they came, those that have ended among them. */
  readonly #flows: Flow[] = [];

  private constructor(server: Server, target: Target) {
    this.#server = server;
    this.target = target;
  }

  static async to(target: Target): Promise<TcpRelay> {
    const server = createServer({ allowHalfOpen: true });
    const relay = new TcpRelay(server, target);
    server.on("connection", (client) => relay.#carry(client));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return relay;
  }

  /** Where clients connect to. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Has a connection lag behind the others. */
  lag(index: number, milliseconds: number): void {
    this.#flow(index).lag = milliseconds;
  }

  /** Leaves what the server says, and that it hangs up, in its own buffers, until `release`. */
  hold(index: number): void {
    this.#flow(index).server.pause();
  }

  release(index: number): void {
    this.#flow(index).server.resume();
  }

  /** Takes nothing more from the client. */
  stall(index: number): void {
    this.#flow(index).client.pause();
  }

  /** Ends a connection without a word of TLS. */
  cut(index: number): void {
    this.#flow(index).client.destroy();
  }

  /** Ends a connection for the client alone: the server does not learn of it. */
  cutClient(index: number): void {
    const { client } = this.#flow(index);
    client.removeAllListeners("close");
    client.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const { client, server } of this.#flows) {
      client.destroy();
      server.destroy();
    }
    await closed;
  }

  #flow(index: number): Flow {
    const flow = this.#flows[index];
    if (flow === undefined) throw new Error(`There was no connection ${index}`);
    return flow;
  }

  #carry(client: Socket): void {
    if (this.refuse) return void client.destroy();
    const { hostname, port } = this.target;
    const server = connect({ port, host: hostname, allowHalfOpen: true });
    const flow: Flow = { client, server, lag: 0 };
    this.#flows.push(flow);
    for (const socket of [client, server]) socket.on("data", (bytes) => this.onBytes(bytes));
    pipe(client, server, flow, () => true);
    pipe(server, client, flow, () => !this.mute);
  }
}

function pipe(from: Socket, to: Socket, flow: Flow, passes: () => boolean): void {
  const later = (action: () => void) => flow.lag === 0 ? action() : setTimeout(action, flow.lag);
  from.on("data", (bytes) => {
    if (passes()) later(() => carry(from, to, bytes));
  });
  from.on("end", () => later(() => to.end()));
  from.on("error", () => to.destroy());
  from.on("close", () => later(() => to.destroy()));
}

function carry(from: Socket, to: Socket, bytes: Uint8Array): void {
  if (to.destroyed || to.write(bytes)) return;
  from.pause();
  to.once("drain", () => from.resume());
}
