/** An engine that replaces another one which does not work on this platform. */
import { type Engine, TransportError } from "../../protocol/transport/transport.ts";

/**
 * Dials with the first engine, and with the second from the moment that the first throws
 * `unsupported`; `notify` gets the reason. Other failures change nothing.
 */
export function fallbackEngine(
  first: Engine,
  second: () => Promise<Engine>,
  notify: (reason: string) => void,
): Engine {
  let engine = first;
  return {
    name: first.name,
    listen: (options) => engine.listen(options),
    async dial(options) {
      try {
        return await engine.dial(options);
      } catch (failure) {
        const isUnsupported = failure instanceof TransportError && failure.code === "unsupported";
        if (!isUnsupported || engine !== first) throw failure;
        notify(failure.message);
        engine = await second();
        return await engine.dial(options);
      }
    },
  };
}
