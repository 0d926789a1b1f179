/** How most requests are answered: with the result, or with the reason why there is none. */
import { ProtocolError } from "../../protocol/errors.ts";
import type { ServerFrame } from "../../protocol/frame.ts";
import type { Peer } from "../peer.ts";

/**
 * Sends what `work` returns; `done` if that is nothing. A `ProtocolError` becomes the `error` frame of
 * the request. It does not count as an offence: a client may ask for what it cannot have.
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

/** The frames that a list takes, with at most `size` entries each; at least one. */
export function* pages<Entry, Frame extends ServerFrame>(
  entries: readonly Entry[],
  size: number,
  frameOf: (page: Entry[], more: boolean) => Frame,
): Generator<Frame> {
  for (let at = 0; at === 0 || at < entries.length; at += size) {
    yield frameOf(entries.slice(at, at + size), at + size < entries.length);
  }
}
