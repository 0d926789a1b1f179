/**
 * A UDP relay between clients and a server on the loopback interface: the network that tests have
 * in their hands. It can take a new port towards the server in mid-conversation, as a NAT does that
 * has forgotten a binding, and it can drop or change datagrams.
 */

/** Where a datagram is going. */
type Direction = "up" | "down";

/** What becomes of a datagram: itself, another one, or nothing. */
type Filter = (datagram: Uint8Array, direction: Direction) => Uint8Array | undefined;

interface RelayTarget {
  readonly hostname: string;
  readonly port: number;
}

interface Flow {
  readonly client: Deno.NetAddr;
  upstream: Deno.DatagramConn;
}

export class UdpRelay implements AsyncDisposable {
  /** Applied to every datagram; replace it at any time. */
  filter: Filter = (datagram) => datagram;
  readonly #front = openSocket();
  #target: Deno.NetAddr;
  readonly #from: string | undefined;
  readonly #flows = new Map<string, Flow>();
  readonly #loops = new Set<Promise<void>>();

  /** `from`: the address that the server sees. */
  constructor(target: RelayTarget, from?: string) {
    this.#from = from;
    this.#target = addressOf(target);
    this.#start(this.#up());
  }

  /** Where clients send to. */
  get port(): number {
    return portOf(this.#front);
  }

  /** The ports that the server sees, one for each client. */
  get upstreamPorts(): number[] {
    return [...this.#flows.values()].map((flow) => portOf(flow.upstream));
  }

  /** From now on the server is another one, as after a restart. */
  retarget(target: RelayTarget): void {
    this.#target = addressOf(target);
  }

  /** Takes a new port towards the server for every client. The old ones are closed. */
  rebind(): void {
    for (const flow of this.#flows.values()) {
      flow.upstream.close();
      this.#openUpstream(flow);
    }
  }

  /** Sends a datagram of the test's own to the server, as if this client had sent it. */
  async inject(datagram: Uint8Array): Promise<void> {
    for (const flow of this.#flows.values()) await flow.upstream.send(datagram, this.#target);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#front.close();
    for (const flow of this.#flows.values()) flow.upstream.close();
    this.#flows.clear();
    await Promise.all(this.#loops);
  }

  async #up(): Promise<void> {
    for await (const [datagram, from] of this.#front) {
      const client = from as Deno.NetAddr;
      const key = `${client.hostname} ${client.port}`;
      let flow = this.#flows.get(key);
      if (flow === undefined) {
        flow = { client, upstream: openSocket(this.#from) };
        this.#flows.set(key, flow);
        this.#start(this.#down(flow, flow.upstream));
      }
      const passed = this.filter(datagram, "up");
      if (passed !== undefined) await flow.upstream.send(passed, this.#target).catch(ignore);
    }
  }

  async #down(flow: Flow, upstream: Deno.DatagramConn): Promise<void> {
    for await (const [datagram] of upstream) {
      const passed = this.filter(datagram, "down");
      if (passed !== undefined) await this.#front.send(passed, flow.client).catch(ignore);
    }
  }

  #openUpstream(flow: Flow): void {
    flow.upstream = openSocket(this.#from);
    this.#start(this.#down(flow, flow.upstream));
  }

  #start(loop: Promise<void>): void {
    const guarded = loop.catch(ignore).finally(() => this.#loops.delete(guarded));
    this.#loops.add(guarded);
  }
}

function addressOf({ hostname, port }: RelayTarget): Deno.NetAddr {
  return { transport: "udp", hostname, port };
}

function openSocket(hostname = "127.0.0.1"): Deno.DatagramConn {
  return Deno.listenDatagram({ transport: "udp", hostname, port: 0 });
}

function portOf(socket: Deno.DatagramConn): number {
  return (socket.addr as Deno.NetAddr).port;
}

/** A datagram that cannot be sent is a datagram lost. */
function ignore(): void {}
