/** What somebody on the way between a client and a server sees of their connection. */
import assert from "node:assert/strict";
import { packetsOf, parseLongHeader } from "../../../../protocol/transport/quiche/header.ts";
import type { Address } from "../../../../protocol/transport/transport.ts";
import { TcpRelay } from "../../../helpers/tcp_relay.ts";
import { UdpRelay } from "../../../helpers/udp_relay.ts";
import {
  accepted,
  dial,
  echoAll,
  hello,
  listen,
  type Nature,
  roundTrip,
  type Subject,
  testsOf,
} from "./pair.ts";

const WORDS = "The spare key is under the third flowerpot";

export function secrecyContract(subject: Subject): void {
  const test = testsOf(subject);

  test("Connection shows nobody on the way what it carries", async () => {
    await using listener = await listen(subject.server);
    await using way = await WatchedWay.to(listener.address, subject.nature);
    const dialling = dial(subject.client, way.port);
    const server = await accepted(listener);
    void echoAll(server);
    await using client = await dialling;
    await roundTrip(await client.openStream(), WORDS);
    assert.ok(way.seen.length > 4 * WORDS.length, `${way.seen.length} bytes were seen`);
    assert.ok(!WORDS.split(" ").some((word) => word.length > 3 && way.seen.includes(word)));
    // TLS does not encrypt which protocol a client asks for; QUIC's first keys are no secret.
    if (subject.nature.network === "tcp") assert.ok(way.seen.includes(client.alpn));
  });

  if (subject.nature.network === "tcp") return;

  test("Engine.dial sends no early data", async () => {
    await using listener = await listen(subject.server);
    await using way = await WatchedWay.to(listener.address, subject.nature);
    // A client that wanted to send some could do so from its second connection on.
    for (let count = 0; count < 3; count++) {
      const dialling = dial(subject.client, way.port);
      const server = await accepted(listener);
      void echoAll(server);
      await using client = await dialling;
      await hello(client);
    }
    const packets = way.datagrams.flatMap((datagram) => [...packetsOf(datagram)]);
    const types = new Set(packets.map((packet) => parseLongHeader(packet)?.type));
    assert.ok(types.has("initial") && types.has("handshake"));
    assert.ok(!types.has("zero_rtt"));
  });
}

/** A way to a server on which everything is written down, in both directions. */
class WatchedWay implements AsyncDisposable {
  readonly datagrams: Uint8Array[] = [];
  readonly port: number;
  readonly #relay: AsyncDisposable;

  private constructor(relay: UdpRelay | TcpRelay) {
    this.port = relay.port;
    this.#relay = relay;
  }

  static async to(target: Address, { network }: Nature): Promise<WatchedWay> {
    if (network === "tcp") {
      const relay = await TcpRelay.to(target);
      const way = new WatchedWay(relay);
      relay.onBytes = (bytes) => way.datagrams.push(bytes.slice());
      return way;
    }
    const relay = new UdpRelay(target);
    const way = new WatchedWay(relay);
    relay.filter = (datagram) => {
      way.datagrams.push(datagram.slice());
      return datagram;
    };
    return way;
  }

  /** All bytes as text, one character for each. */
  get seen(): string {
    return this.datagrams.map((bytes) => new TextDecoder("latin1").decode(bytes)).join("");
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#relay[Symbol.asyncDispose]();
  }
}
