/**
 * Two machines for a test: Linux network namespaces with a cable between them, and loopback of their
 * own. What runs there reaches nothing else. Needs root and iproute2.
 */
import { execFileSync } from "node:child_process";
import process from "node:process";

/** Why there can be no namespaces here; `undefined` where there can. */
export function whyNoNamespaces(): string | undefined {
  if (Deno.build.os !== "linux") return "network namespaces are Linux's";
  if (process.getuid?.() !== 0) return "network namespaces need root";
  try {
    const name = `sotto-try-${Deno.pid}`;
    ip("netns", "add", name);
    ip("netns", "delete", name);
    return undefined;
  } catch {
    return "this system lets nobody make network namespaces (or has no iproute2)";
  }
}

export interface Machine {
  /** What goes before a command that is to run there. */
  readonly prefix: readonly [string, ...string[]];
  /** The name of its end of the cable. */
  readonly cable: string;
  readonly ipv4: string;
  readonly ipv6: string;
}

export class Namespaces implements Disposable {
  static #count = 0;
  readonly left: Machine;
  readonly right: Machine;
  readonly #names: readonly [string, string];

  /** A cable with addresses of documentation networks, which are nobody's. */
  constructor() {
    const id = `${Deno.pid}-${Namespaces.#count++}`;
    this.#names = [`sotto-${id}-left`, `sotto-${id}-right`];
    const [left, right] = this.#names;
    this.left = machine(left, "cable0", 1);
    this.right = machine(right, "cable1", 2);
    try {
      for (const name of this.#names) ip("netns", "add", name);
      ip(
        ...["link", "add", this.left.cable, "netns", left, "type", "veth"],
        ...["peer", "name", this.right.cable, "netns", right],
      );
      for (
        const [name, { cable, ipv4, ipv6 }] of [[left, this.left], [right, this.right]] as const
      ) {
        ip("-n", name, "address", "add", `${ipv4}/24`, "dev", cable);
        // Without the second's wait in which IPv6 asks whether an address is taken.
        ip("-n", name, "address", "add", `${ipv6}/64`, "dev", cable, "nodad");
        ip("-n", name, "link", "set", "lo", "up");
        ip("-n", name, "link", "set", cable, "up");
      }
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    for (const name of this.#names) {
      try {
        ip("netns", "delete", name);
      } catch {
        // It was never made.
      }
    }
  }
}

function machine(name: string, cable: string, number: number): Machine {
  return {
    prefix: ["ip", "netns", "exec", name],
    cable,
    ipv4: `192.0.2.${number}`,
    ipv6: `2001:db8::${number}`,
  };
}

function ip(...args: string[]): void {
  execFileSync("ip", args, { stdio: "pipe" });
}
