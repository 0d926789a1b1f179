/** A UDP socket on `Deno.listenDatagram`: half the cost of `node:dgram` on Deno. */
import type { Address } from "../transport.ts";
import { type DatagramSocket, type Receive, RECEIVE_BUFFER, type UdpAddress } from "./socket.ts";

/**
 * After so many failures in a row a socket is given up, and its connections time out. A single
 * failure is an ICMP error for an earlier datagram (on Windows), or the socket was closed.
 */
const MAX_FAILURES = 100;

class DenoSocket implements DatagramSocket {
  readonly address: Address;
  readonly #socket: Deno.DatagramConn;
  #closed = false;

  constructor(socket: Deno.DatagramConn) {
    const { hostname, port } = socket.addr as Deno.NetAddr;
    this.address = { hostname, port };
    this.#socket = socket;
  }

  send(datagram: Uint8Array, to: UdpAddress): Promise<unknown> {
    return this.#socket.send(datagram, to);
  }

  async receive(receive: Receive): Promise<void> {
    const buffer = new Uint8Array(RECEIVE_BUFFER);
    let failures = 0;
    while (!this.#closed && failures < MAX_FAILURES) {
      let datagram: Uint8Array;
      let from: Deno.Addr;
      try {
        [datagram, from] = await this.#socket.receive(buffer);
      } catch {
        failures++;
        continue;
      }
      failures = 0;
      const { hostname, port } = from as Deno.NetAddr;
      receive(datagram, hostname, port);
    }
  }

  close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      this.#socket.close();
    }
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

export function openSocket({ hostname, port }: Address): Promise<DatagramSocket> {
  return Promise.resolve(
    new DenoSocket(Deno.listenDatagram({ transport: "udp", hostname, port })),
  );
}
