/**
 * Finds the servers on the local network: asks for a while, and lists the answers. For clients.
 *
 * The answers are unproven. Any machine on the network can announce a server with any name and any
 * pin: the user MUST confirm the first contact as any other.
 */
import { type Clock, systemClock } from "../clock.ts";
import { Catalogue, type FoundServer } from "./catalogue.ts";
import { type NetworkLink, type OpenLinks, openLinks } from "./links.ts";
import { query, SERVICE } from "./message.ts";

interface BrowseOptions {
  /** Seconds to listen. */
  readonly seconds: number;
  /** Ends the search early, with the servers found so far. */
  readonly signal?: AbortSignal | undefined;
  /** Only on this network: an interface's name, or one of its addresses. */
  readonly interface?: string | undefined;
}

export interface BrowseDependencies {
  readonly clock: Clock;
  readonly openLinks: OpenLinks;
}

/** Milliseconds from one question to the next, doubled each time (RFC 6762, section 5.2). */
const FIRST_PAUSE = 1_000;
/** Records in one query, so that it fits one datagram. */
const MAX_KNOWN = 8;
const MAX_MISSING = 8;

/** Rejects with a `DiscoveryError` where multicast does not work. */
export async function browse(
  { seconds, signal, interface: only }: BrowseOptions,
  { clock = systemClock, openLinks: open = openLinks }: Partial<BrowseDependencies> = {},
): Promise<FoundServer[]> {
  const catalogue = new Catalogue();
  const present = new Set<NetworkLink>();
  const ask = (link: NetworkLink) =>
    void link.send(query({
      questions: [{ name: SERVICE, type: "PTR" }, ...catalogue.missing().slice(0, MAX_MISSING)],
      answers: catalogue.pointers().slice(0, MAX_KNOWN),
    }));
  await using links = open({ only, loopback: true }, {
    opened: (link) => {
      present.add(link);
      ask(link);
    },
    closed: (link) => present.delete(link),
    received: (link, message) => {
      if (message.type === "response") catalogue.read(message, link);
    },
  }, clock);
  const stop = new AbortController();
  const signals = [stop.signal, ...(signal === undefined ? [] : [signal])];
  const over = ending(clock, seconds * 1_000, AbortSignal.any(signals));
  let cancel = () => {};
  const again = (pause: number) => {
    cancel = clock.after(pause, () => {
      for (const link of present) ask(link);
      again(pause * 2);
    });
  };
  again(FIRST_PAUSE);
  try {
    const failure = await Promise.race([links.ready, over]);
    if (failure !== undefined) throw failure;
    await over;
  } finally {
    cancel();
    stop.abort();
  }
  return catalogue.servers();
}

/** Resolves when the time is over or the signal fires. */
function ending(clock: Clock, ms: number, signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    const end = () => {
      cancel();
      signal.removeEventListener("abort", end);
      resolve(undefined);
    };
    const cancel = clock.after(ms, end);
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
  });
}
