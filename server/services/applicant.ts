/** What services see of a connection that signs in: it has no account yet. */
export interface Applicant {
  /** The client's IP address. */
  readonly address: string;
  /** Aborted when its session or its connection has ended, and an answer would not be read. */
  readonly gone: AbortSignal;
}
