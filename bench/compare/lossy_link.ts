/**
 * A link that delays and loses packets, between two Linux network namespaces that reach nothing
 * else. `tc netem` makes it so. Where the kernel has no netem, the packets pass through our own relay
 * (as VXLAN).
 *
 * It needs root, iproute2, and permission to start programs, which the executable does not have.
 */
import { execFileSync } from "node:child_process";
import process from "node:process";
import { Child } from "./child.ts";

/** Percent of the packets, in each direction. */
export const LOSS = 1;
/** Milliseconds, one way. */
export const DELAY = 25;

export interface LossyLink extends AsyncDisposable {
  /** What delays and drops the packets. */
  readonly method: "tc netem" | "a relay";
  /** Command prefixes that run a command at either end. */
  readonly here: readonly string[];
  readonly there: readonly string[];
  /** The address of the end `there`. */
  readonly address: string;
}

/** A lossy link is not possible. The message says why. */
export class NoLossyLinkError extends Error {
  override readonly name = "NoLossyLinkError";
}

// Addresses for documentation, which no real host has (RFC 5737).
const HERE = "192.0.2.1";
const THERE = "192.0.2.2";
const LINK_HERE = { host: "198.51.100.1", relay: "198.51.100.2" };
const LINK_THERE = { host: "203.0.113.1", relay: "203.0.113.2" };
/** VXLAN's port (RFC 7348). */
const PORT = 4789;
/** Packets that netem queues: more than both ends can have in flight. */
const QUEUE_LIMIT = "20000";

/** Runs a program of iproute2 to its end. Throws what it prints on failure. */
export type Run = (command: "ip" | "tc", ...args: readonly string[]) => void;

/** Throws `NoLossyLinkError`. `run` is for tests. */
export async function makeLossyLink(run: Run = execute): Promise<LossyLink> {
  await using parts = new AsyncDisposableStack();
  try {
    const namespace = (name: string) => addNamespace(run, `sotto-${process.pid}-${name}`, parts);
    const here = namespace("here");
    const there = namespace("there");
    const method = connectWithNetem(run, here, there)
      ? "tc netem"
      : await connectThroughRelay(run, here, there, namespace("relay"), parts);
    const owned = parts.move();
    return {
      method,
      here: inNamespace(here),
      there: inNamespace(there),
      address: THERE,
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    };
  } catch (failure) {
    throw new NoLossyLinkError(reasonOf(failure), { cause: failure });
  }
}

/** `false`: the kernel has no netem. */
function connectWithNetem(run: Run, here: string, there: string): boolean {
  addCable(run, [here, "cable0", HERE], [there, "cable0", THERE]);
  const netem = ["netem", "limit", QUEUE_LIMIT, "delay", `${DELAY}ms`, "loss", `${LOSS}%`];
  try {
    for (const end of [here, there]) {
      run("tc", "-n", end, "qdisc", "add", "dev", "cable0", "root", ...netem);
    }
    return true;
  } catch (failure) {
    if (!/unknown|not found|no such file/i.test(reasonOf(failure))) throw failure;
    run("ip", "-n", here, "link", "delete", "cable0");
    return false;
  }
}

async function connectThroughRelay(
  run: Run,
  here: string,
  there: string,
  relay: string,
  parts: AsyncDisposableStack,
): Promise<LossyLink["method"]> {
  addCable(run, [here, "outer0", LINK_HERE.host], [relay, "outer0", LINK_HERE.relay]);
  addCable(run, [there, "outer0", LINK_THERE.host], [relay, "outer1", LINK_THERE.relay]);
  addTunnel(run, here, HERE, LINK_HERE.relay);
  addTunnel(run, there, THERE, LINK_THERE.relay);
  const settings = { port: PORT, delay: DELAY, loss: LOSS, links: [LINK_HERE, LINK_THERE] };
  const child = parts.use(new Child({ prefix: inNamespace(relay), role: "relay", settings }));
  await child.output();
  return "a relay";
}

function addNamespace(run: Run, name: string, parts: AsyncDisposableStack): string {
  run("ip", "netns", "add", name);
  parts.defer(() => run("ip", "netns", "delete", name));
  run("ip", "-n", name, "link", "set", "lo", "up");
  return name;
}

type End = readonly [namespace: string, device: string, address: string];

/** Connects two namespaces by a pair of virtual Ethernet devices. */
function addCable(run: Run, one: End, other: End): void {
  const [namespace, device] = one;
  const [peerNamespace, peerDevice] = other;
  run(
    ...["ip", "link", "add", device, "netns", namespace, "type", "veth"] as const,
    ...["peer", "name", peerDevice, "netns", peerNamespace],
  );
  for (const end of [one, other]) setUp(run, end);
}

/** Adds a device whose packets travel to the relay inside of datagrams. */
function addTunnel(run: Run, namespace: string, address: string, relay: string): void {
  run(
    ...["ip", "-n", namespace, "link", "add", "cable0", "type", "vxlan", "id", "1"] as const,
    ...["remote", relay, "dstport", `${PORT}`, "nolearning"],
  );
  run("ip", "-n", namespace, "link", "set", "cable0", "mtu", "1450");
  setUp(run, [namespace, "cable0", address]);
}

/** Gives a device its address. `gso_max_segs`: otherwise the kernel passes on many packets as one. */
function setUp(run: Run, [namespace, device, address]: End): void {
  run("ip", "-n", namespace, "address", "add", `${address}/24`, "dev", device);
  run("ip", "-n", namespace, "link", "set", device, "gso_max_segs", "1", "up");
}

function inNamespace(namespace: string): readonly string[] {
  return ["ip", "netns", "exec", namespace];
}

function execute(command: "ip" | "tc", ...args: readonly string[]): void {
  execFileSync(command, [...args], { stdio: "pipe" });
}

function reasonOf(failure: unknown): string {
  if (!(failure instanceof Error)) return String(failure);
  if (failure.name === "NotCapable") return "this program may not start other programs";
  if ("code" in failure && failure.code === "ENOENT") return "iproute2 (ip and tc) is missing";
  const stderr = "stderr" in failure ? String(failure.stderr).trim() : "";
  return stderr === "" ? failure.message : stderr;
}
