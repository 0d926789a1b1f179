/** What the crowd has done, and what it was told. */

export interface Counts {
  /** People who are signed in, or coming back to their session. */
  present: number;
  visits: number;
  vanished: number;
  /** Changes of address, and silences that ended. */
  moved: number;
  silences: number;
  /** Messages of their own that are stored, and messages that they were shown. */
  acks: number;
  messages: number;
  /** Files that arrived at the server, and at other clients. */
  sent: number;
  received: number;
  /** Sessions that were lost and taken up again. */
  resumed: number;
  /** Datagrams that came from the server. */
  datagrams: number;
  /** By their codes. */
  readonly errors: Record<string, number>;
}

export function makeCounts(): Counts {
  return {
    present: 0,
    visits: 0,
    vanished: 0,
    moved: 0,
    silences: 0,
    acks: 0,
    messages: 0,
    sent: 0,
    received: 0,
    resumed: 0,
    datagrams: 0,
    errors: {},
  };
}
