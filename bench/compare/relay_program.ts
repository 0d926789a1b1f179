/**
 * A relay between two lines, in a process of its own: it hands on what comes, but late, and not all
 * of it. For kernels that cannot do that by themselves (`bad_line.ts`).
 */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import process from "node:process";
import { mendChecksum } from "./checksum.ts";

interface Line {
  readonly machine: string;
  readonly relay: string;
}

interface Settings {
  readonly port: number;
  /** Milliseconds. */
  readonly delay: number;
  /** Percent. */
  readonly loss: number;
  readonly lines: readonly [Line, Line];
}

/** RFC 7348, section 5. The packet's Ethernet frame follows. */
const VXLAN_HEADER = 8;
/** What waits in one direction: more is lost. */
const HOLDS = 20_000;

const { port, delay, loss, lines }: Settings = JSON.parse(process.argv[2] ?? "");
const [here, there] = lines;
const one = await open(here);
const other = await open(there);
const timers = [carry(one, other, there), carry(other, one, here)];
process.stdout.write('"ready"\n');
process.stdin.on("end", () => {
  for (const stop of timers) stop();
  one.close();
  other.close();
}).resume();

async function open({ relay }: Line): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.bind({ address: relay, port });
  await once(socket, "listening");
  socket.on("error", () => {}); // A datagram that cannot be sent is a datagram lost.
  return socket;
}

/** Hands on what comes from one to the other machine. Returns what stops it. */
function carry(from: Socket, to: Socket, { machine }: Line): () => void {
  const waiting: { readonly due: number; readonly datagram: Uint8Array }[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const hurry = () => {
    timer = undefined;
    const now = performance.now();
    let at = 0;
    for (; (waiting[at]?.due ?? Infinity) <= now; at++) {
      to.send(waiting[at]?.datagram ?? new Uint8Array(), port, machine);
    }
    waiting.splice(0, at);
    arm();
  };
  const arm = () => {
    const [next] = waiting;
    if (timer !== undefined || next === undefined) return;
    timer = setTimeout(hurry, Math.max(0, next.due - performance.now()));
  };
  from.on("message", (datagram) => {
    if (Math.random() * 100 < loss || waiting.length >= HOLDS) return;
    mendChecksum(datagram.subarray(VXLAN_HEADER));
    waiting.push({ due: performance.now() + delay, datagram });
    arm();
  });
  return () => clearTimeout(timer);
}
