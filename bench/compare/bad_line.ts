/**
 * A bad line: two machines (Linux network namespaces), and a cable between them that loses packets
 * and takes its time. `tc netem` makes it so; where the kernel has none, the cable is led through a
 * relay of ours (as VXLAN). What runs there reaches nothing else.
 *
 * It takes root, iproute2, and the right to start programs, which the executable does not have.
 */
import { execFileSync } from "node:child_process";
import process from "node:process";
import { Child } from "./child.ts";

/** Percent of the packets, either way. */
export const LOSS = 1;
/** Milliseconds, one way. */
export const DELAY = 25;

export interface BadLine extends AsyncDisposable {
  /** What makes it bad. */
  readonly how: "tc netem" | "a relay";
  /** What goes before a command that is to run on one machine, and on the other. */
  readonly here: readonly string[];
  readonly there: readonly string[];
  /** The other machine's address. */
  readonly address: string;
}

/** There is no bad line to be had. The message says why. */
export class NoLineError extends Error {
  override readonly name = "NoLineError";
}

/** Addresses of documentation networks, which are nobody's (RFC 5737). */
const HERE = "192.0.2.1";
const THERE = "192.0.2.2";
const TO_HERE = { machine: "198.51.100.1", relay: "198.51.100.2" };
const TO_THERE = { machine: "203.0.113.1", relay: "203.0.113.2" };
/** VXLAN's port (RFC 7348). */
const PORT = 4789;
/** Packets that a line may hold: more than both ends can have under way. */
const HOLDS = "20000";

/** Runs a program of iproute2 to its end. Throws what it complains of. */
export type Run = (command: "ip" | "tc", ...args: readonly string[]) => void;

/** Throws `NoLineError`. `run` is for tests. */
export async function makeBadLine(run: Run = execute): Promise<BadLine> {
  await using parts = new AsyncDisposableStack();
  try {
    const machine = (name: string) => addMachine(run, `sotto-${process.pid}-${name}`, parts);
    const here = machine("here");
    const there = machine("there");
    const how = slowCable(run, here, there)
      ? "tc netem"
      : await relayedCable(run, here, there, machine("relay"), parts);
    const held = parts.move();
    return {
      how,
      here: within(here),
      there: within(there),
      address: THERE,
      [Symbol.asyncDispose]: () => held.disposeAsync(),
    };
  } catch (failure) {
    throw new NoLineError(reasonOf(failure), { cause: failure });
  }
}

/** `false`: the kernel has no netem. */
function slowCable(run: Run, here: string, there: string): boolean {
  lay(run, [here, "cable0", HERE], [there, "cable0", THERE]);
  const bad = ["netem", "limit", HOLDS, "delay", `${DELAY}ms`, "loss", `${LOSS}%`];
  try {
    for (const end of [here, there]) {
      run("tc", "-n", end, "qdisc", "add", "dev", "cable0", "root", ...bad);
    }
    return true;
  } catch (failure) {
    if (!/unknown|not found|no such file/i.test(reasonOf(failure))) throw failure;
    run("ip", "-n", here, "link", "delete", "cable0");
    return false;
  }
}

async function relayedCable(
  run: Run,
  here: string,
  there: string,
  relay: string,
  parts: AsyncDisposableStack,
): Promise<BadLine["how"]> {
  lay(run, [here, "outer0", TO_HERE.machine], [relay, "outer0", TO_HERE.relay]);
  lay(run, [there, "outer0", TO_THERE.machine], [relay, "outer1", TO_THERE.relay]);
  wrap(run, here, HERE, TO_HERE.relay);
  wrap(run, there, THERE, TO_THERE.relay);
  const child = parts.use(
    new Child({
      prefix: within(relay),
      script: new URL("./relay_program.ts", import.meta.url),
      args: [JSON.stringify({ port: PORT, delay: DELAY, loss: LOSS, lines: [TO_HERE, TO_THERE] })],
    }),
  );
  await child.says();
  return "a relay";
}

function addMachine(run: Run, name: string, parts: AsyncDisposableStack): string {
  run("ip", "netns", "add", name);
  parts.defer(() => run("ip", "netns", "delete", name));
  run("ip", "-n", name, "link", "set", "lo", "up");
  return name;
}

type End = readonly [machine: string, device: string, address: string];

/** A cable between two machines. */
function lay(run: Run, one: End, other: End): void {
  const [machine, device] = one;
  const [peerMachine, peerDevice] = other;
  run(
    ...["ip", "link", "add", device, "netns", machine, "type", "veth"] as const,
    ...["peer", "name", peerDevice, "netns", peerMachine],
  );
  for (const end of [one, other]) raise(run, end);
}

/** The end of a cable whose packets travel inside of datagrams to the relay. */
function wrap(run: Run, machine: string, address: string, relay: string): void {
  run(
    ...["ip", "-n", machine, "link", "add", "cable0", "type", "vxlan", "id", "1"] as const,
    ...["remote", relay, "dstport", `${PORT}`, "nolearning"],
  );
  run("ip", "-n", machine, "link", "set", "cable0", "mtu", "1450");
  raise(run, [machine, "cable0", address]);
}

/** A packet is lost by itself: without this the kernel hands on many at once as one. */
function raise(run: Run, [machine, device, address]: End): void {
  run("ip", "-n", machine, "address", "add", `${address}/24`, "dev", device);
  run("ip", "-n", machine, "link", "set", device, "gso_max_segs", "1", "up");
}

function within(machine: string): readonly string[] {
  return ["ip", "netns", "exec", machine];
}

function execute(command: "ip" | "tc", ...args: readonly string[]): void {
  execFileSync(command, [...args], { stdio: "pipe" });
}

function reasonOf(failure: unknown): string {
  if (!(failure instanceof Error)) return String(failure);
  if (failure.name === "NotCapable") return "this program may start no other";
  if ("code" in failure && failure.code === "ENOENT") return "there is no iproute2 (ip and tc)";
  const told = "stderr" in failure ? String(failure.stderr).trim() : "";
  return told === "" ? failure.message : told;
}
