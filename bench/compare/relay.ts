/**
 * A relay between two links that delays what it forwards, and drops some of it: for kernels without
 * netem (`lossy_link.ts`).
 */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { correctChecksum } from "./checksum.ts";

/** The addresses of the two ends of a link. */
interface Link {
  readonly host: string;
  readonly relay: string;
}

interface RelaySettings {
  readonly port: number;
  /** Milliseconds. */
  readonly delay: number;
  /** Percent. */
  readonly loss: number;
  readonly links: readonly [Link, Link];
}

/** RFC 7348, section 5. The packet's Ethernet frame follows. */
const VXLAN_HEADER = 8;
/** Packets that wait in one direction. More are dropped. */
const QUEUE_LIMIT = 20_000;

/** Forwards between two links. Returns a function that stops it. */
export async function startRelay(settings: RelaySettings): Promise<() => void> {
  const [one, other] = settings.links;
  const socketOfOne = await open(one, settings);
  const socketOfOther = await open(other, settings);
  const stops = [
    forward(socketOfOne, socketOfOther, other, settings),
    forward(socketOfOther, socketOfOne, one, settings),
  ];
  return () => {
    for (const stop of stops) stop();
    socketOfOne.close();
    socketOfOther.close();
  };
}

async function open({ relay }: Link, { port }: RelaySettings): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.bind({ address: relay, port });
  await once(socket, "listening");
  socket.on("error", () => {}); // A datagram that cannot be sent counts as lost.
  return socket;
}

/** Forwards datagrams to the host of a link. Returns a function that stops it. */
function forward(
  from: Socket,
  to: Socket,
  { host }: Link,
  { port, delay, loss }: RelaySettings,
): () => void {
  const queue: { readonly due: number; readonly datagram: Uint8Array }[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const sendDue = () => {
    timer = undefined;
    const now = performance.now();
    let at = 0;
    for (; (queue[at]?.due ?? Infinity) <= now; at++) {
      to.send(queue[at]?.datagram ?? new Uint8Array(), port, host);
    }
    queue.splice(0, at);
    schedule();
  };
  const schedule = () => {
    const [next] = queue;
    if (timer !== undefined || next === undefined) return;
    timer = setTimeout(sendDue, Math.max(0, next.due - performance.now()));
  };
  from.on("message", (datagram) => {
    if (Math.random() * 100 < loss || queue.length >= QUEUE_LIMIT) return;
    correctChecksum(datagram.subarray(VXLAN_HEADER));
    queue.push({ due: performance.now() + delay, datagram });
    schedule();
  });
  return () => clearTimeout(timer);
}
