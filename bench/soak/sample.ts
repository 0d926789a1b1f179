/** What a soak measures every few seconds. */

export interface Sample {
  /** Minutes since the beginning. */
  readonly minute: number;
  /** Bytes of the server: all that is resident, and V8's objects. */
  readonly rss: number;
  readonly heap: number;
  /** Bytes that the QUIC addon has lost so far, as far as is known. */
  readonly lost: number;
  /** Files and sockets that the server has open; NaN where the system does not tell. */
  readonly descriptors: number;
  readonly present: number;
  /** Share of one core that the server took. */
  readonly cpu: number;
  /** Milliseconds from a line of a well-behaved client to its ack. */
  readonly p50: number;
  readonly p99: number;
  readonly unanswered: number;
}
