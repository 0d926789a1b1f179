/**
 * A name for an address that the peer is not usually at, with the path that quiche keeps under that
 * name (`path.ts` says why quiche is not told the addresses themselves). It sends nothing itself.
 *
 * The path validates one address. Before the alias may stand for another, the path must be reset:
 * the answer to an old PATH_CHALLENGE must not validate a new address. quiche gives up a path that
 * does not answer. So once an alias has been answered, it is probed again, and those probes are
 * withheld, until quiche takes its path no longer for validated. An alias that was not answered,
 * because the peer has moved on, is first probed wherever the peer is now.
 */
import type { Host, NativeConnection, RecvInfo } from "./native.ts";
import type { UdpAddress } from "./socket.ts";

/**
 * - `free`: no PATH_CHALLENGE of this alias can still be answered.
 * - `probing`: one has been sent, or will be.
 * - `unanswered`: several were sent, and none was answered. An answer may still come.
 * - `resetting`: one was answered. Further ones are withheld until quiche gives up the path.
 */
type AliasState = "free" | "probing" | "unanswered" | "resetting";

/** How often an address is probed that does not answer. */
const MAX_PROBES = 10;
/** No peer has this address. The port tells aliases apart. */
const HOSTNAME = "0.0.0.0";

export class Alias {
  readonly host: Host;
  /** What quiche is told of a datagram under this alias. */
  readonly info: RecvInfo;
  readonly #local: Host;
  #state: AliasState = "free";
  #probesLeft = 0;
  /** The one address that the probes have gone to; `undefined` if they have gone to several. */
  #address: UdpAddress | undefined;
  /** Whether quiche wants to probe for another reason than that the last probe was answered. */
  #owesProbe = false;

  constructor(local: Host, port: number) {
    this.#local = local;
    this.host = { host: HOSTNAME, port };
    this.info = { from: this.host, to: local };
  }

  get state(): AliasState {
    return this.#state;
  }

  isNamed({ host, port }: Host): boolean {
    return port === this.host.port && host === HOSTNAME;
  }

  /** Whether an answer to its probes validates this address. */
  standsFor({ hostname, port }: UdpAddress): boolean {
    const address = this.#address;
    return address !== undefined && address.port === port && address.hostname === hostname;
  }

  /** Its probes go to this address from now on. */
  assign(address: UdpAddress): void {
    const hasGoneNowhereElse = this.#state === "free" || this.standsFor(address);
    this.#address = hasGoneNowhereElse ? address : undefined;
    this.#state = "probing";
    this.#probesLeft = MAX_PROBES;
    this.#owesProbe = true;
  }

  /** The peer is elsewhere, and its probes go there from now on: they no longer validate anything. */
  release(): void {
    this.#address = undefined;
    if (this.#state !== "probing" && this.#state !== "unanswered") return;
    this.#state = "probing";
    this.#probesLeft = MAX_PROBES;
  }

  /** Has quiche probe the path. */
  probe(quic: NativeConnection): void {
    this.#owesProbe = true;
    try {
      quic.probePath(this.#local, this.host);
    } catch {
      // quiche has no such path yet, or no connection ID of the peer's for it: nothing was sent.
      this.#state = "free";
      this.#address = undefined;
    }
  }

  /** The interval between two probes has passed. */
  probeAgain(quic: NativeConnection): void {
    if (this.#state !== "probing") return;
    if (this.#probesLeft === 0) {
      this.#state = "unanswered";
    } else {
      this.#probesLeft--;
      this.probe(quic);
    }
  }

  /** Puts what quiche has for the path into `out`; 0: it has nothing. */
  take(quic: NativeConnection, out: Uint8Array): number {
    let length: number;
    try {
      [length] = quic.sendOnPath(out, this.#local, this.host) ?? [0];
    } catch {
      return 0; // As for `probe`.
    }
    // The probe itself may not have fitted in.
    if (length > 0) this.#owesProbe = this.#wantsProbe(quic);
    return length;
  }

  /** A datagram has come: whether a probe was answered. quiche's active path is another one. */
  isAnswered(quic: NativeConnection): boolean {
    if (this.#isValidated(quic)) return true;
    // After the answer to a short probe, quiche wants to send a long one.
    return !this.#owesProbe && this.#wantsProbe(quic);
  }

  /** A datagram has come: if quiche takes the path for validated, lets quiche give it up. */
  resetIfValidated(quic: NativeConnection): void {
    if (this.#state === "free" || this.#state === "resetting" || !this.#isValidated(quic)) return;
    this.#state = "resetting";
    this.#address = undefined;
    this.probe(quic);
  }

  /** quiche has dealt with its timers: probes may have been lost, and the path given up. */
  timeOut(quic: NativeConnection): void {
    this.#owesProbe ||= this.#wantsProbe(quic);
    if (this.#state === "resetting" && !this.#isValidated(quic)) this.#state = "free";
  }

  #isValidated(quic: NativeConnection): boolean {
    try {
      return quic.isPathValidated(this.#local, this.host);
    } catch {
      return false; // quiche has no such path yet.
    }
  }

  /** Unless the path is validated or active: then quiche does not say. */
  #wantsProbe(quic: NativeConnection): boolean {
    for (const host of quic.pathsIter(this.#local)) if (this.isNamed(host)) return true;
    return false;
  }
}
