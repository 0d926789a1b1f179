/** How most requests are answered: with what was done, or with the reason why it was not. */
import { ProtocolError } from "../../protocol/errors.ts";
import type { ServerFrame } from "../../protocol/frame.ts";
import type { Peer } from "../peer.ts";

/**
 * Sends the frames that `work` yields. A fault of the peer that it throws becomes the `error` of the
 * request, and is no offence: people may ask for what cannot be.
 */
export async function respond(
  re: number,
  peer: Peer,
  work: () => Promise<ServerFrame | Iterable<ServerFrame> | void>,
): Promise<void> {
  try {
    const result = await work() ?? { type: "done", re };
    if (Symbol.iterator in result) { for (const frame of result) peer.send(frame); }
    else peer.send(result);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    const { code, message } = error;
    peer.send({ type: "error", re, code, message });
  }
}

/** A list as the frames that it takes, of at most `size` entries each; at least one. */
export function* pages<Entry, Frame extends ServerFrame>(
  entries: readonly Entry[],
  size: number,
  frameOf: (page: Entry[], more: boolean) => Frame,
): Generator<Frame> {
  for (let at = 0; at === 0 || at < entries.length; at += size) {
    yield frameOf(entries.slice(at, at + size), at + size < entries.length);
  }
}
