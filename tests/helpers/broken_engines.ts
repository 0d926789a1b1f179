/** Engines that do not connect, for tests of engines that combine others. */
import {
  type DialOptions,
  type Engine,
  TransportError,
} from "../../protocol/transport/transport.ts";

export const DIAL: DialOptions = { hostname: "127.0.0.1", port: 1, alpn: [] };

/** Fails with this code, which it adds to `dials`. */
export function failing(code: TransportError["code"], dials: string[]): Engine {
  return {
    name: "quiche",
    listen: () => Promise.reject(new Error("not asked for")),
    dial: () => {
      dials.push(code);
      return Promise.reject(new TransportError(code, code));
    },
  };
}

/** Never answers. Fails when it is aborted. */
export function silent(dials: string[]): Engine {
  return {
    name: "quiche",
    listen: () => Promise.reject(new Error("not asked for")),
    dial: ({ signal }) => {
      dials.push("silent");
      return new Promise((_, reject) => {
        const abort = () => reject(new TransportError("aborted", "given up"));
        if (signal?.aborted) abort();
        signal?.addEventListener("abort", abort);
      });
    },
  };
}
