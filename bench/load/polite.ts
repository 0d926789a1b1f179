/**
 * Well-behaved clients, each from an address of its own: they say a line now and then, and measure
 * how long it takes until it is acknowledged. They are a process of their own, so that what others do
 * does not delay them; how late their own timer is shows what remains of that.
 */
import { type Basics, serveCommands } from "../harness/commands.ts";
import { ChatClient, type Credentials } from "./chat_client.ts";
import { originOf } from "./dial_from.ts";
import type { Where } from "./main.ts";

/** What was measured in a while. Milliseconds. */
export interface PoliteSample {
  /** From each line to its ack; of a line without one, until now. */
  readonly acks: readonly number[];
  /** By how much each turn of the timer was late. */
  readonly late: readonly number[];
  readonly unanswered: number;
}

/** Milliseconds between two turns of the timer. */
const TICK = 2;
/** Milliseconds that the last acks may take. */
const PATIENCE = 10_000;

const clients: ChatClient[] = [];
/** When each line without an ack was sent. */
const waiting = new Map<number, number>();
let acks: number[] = [];
let line = 0;

const commands = {
  async connect({ where, credentials }: { where: Where; credentials: Credentials[] }) {
    const hash = Uint8Array.fromHex(where.hash);
    for (const each of credentials) {
      const origin = originOf("polite", clients.length);
      const dial = (alpn: string) => origin.dial(where.port, hash, alpn);
      const client = await ChatClient.connect(dial, each);
      client.watch(true);
      client.onLine = (id, own) => own && noteAck(id);
      clients.push(client);
    }
  },

  /** So many lines a second from all clients together, for so long. */
  async talk({ pace, seconds }: { pace: number; seconds: number }): Promise<PoliteSample> {
    acks = [];
    const late: number[] = [];
    const began = performance.now();
    let said = 0;
    for (let turn = 1; performance.now() - began < seconds * 1000; turn++) {
      const asked = performance.now();
      const wait = Math.max(0, began + turn * TICK - asked);
      await new Promise((resolve) => setTimeout(resolve, wait));
      const now = performance.now();
      late.push(now - asked - wait);
      for (const end = Math.floor((now - began) * pace / 1000); said < end; said++) say();
    }
    await answered();
    const now = performance.now();
    const unanswered = [...waiting.values()].map((since) => now - since);
    waiting.clear();
    return { acks: [...acks, ...unanswered], late, unanswered: unanswered.length };
  },
};

export type PoliteCommands = typeof commands & Basics;

function say(): void {
  line++;
  waiting.set(line, performance.now());
  clients[line % clients.length]?.say(line);
}

function noteAck(id: number): void {
  const since = waiting.get(id);
  if (since === undefined) return; // A `pong`.
  waiting.delete(id);
  acks.push(performance.now() - since);
}

async function answered(): Promise<void> {
  const end = performance.now() + PATIENCE;
  while (waiting.size > 0 && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

await serveCommands({}, commands);
