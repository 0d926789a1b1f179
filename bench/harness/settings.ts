/** How long and how often everything is measured. */

export interface Settings {
  /** A short run, which only shows that everything works. */
  readonly trial: boolean;
  readonly rounds: number;
  /** Clients of a fan-out. */
  readonly audiences: readonly number[];
  /** Deliveries a second at a steady pace. */
  readonly pace: number;
  /** Lines in flight of each of the ten speakers at full load. */
  readonly window: number;
  /** Before a measurement, and of one. */
  readonly warmUp: number;
  readonly seconds: number;
  readonly mebibytes: number;
  /** Idle clients whose memory is measured. */
  readonly idle: number;
  /** Sign-ins with a password: one after the other, and at once. */
  readonly signIns: number;
  readonly storm: number;
  /** Connections opened and closed, and the seconds of fan-out after that. */
  readonly churn: number;
  readonly afterwards: number;
  /** Connections of each round that sign in and go, to see what remains. */
  readonly visits: number;
  /** Starts of a client. */
  readonly starts: number;
  /** Clients that behave, and as many that flood; and sessions of one account that floods. */
  readonly clients: number;
  readonly sessions: number;
  /** Pairs of windows, one quiet and one with a flood, and the seconds of a window. */
  readonly floodPairs: number;
  readonly floodSeconds: number;
}

export const FULL: Settings = {
  trial: false,
  rounds: 3,
  audiences: [100, 300],
  pace: 10_000,
  window: 64,
  warmUp: 1.5,
  seconds: 3,
  mebibytes: 128,
  idle: 500,
  signIns: 20,
  storm: 50,
  churn: 5_000,
  afterwards: 60,
  visits: 1_000,
  starts: 15,
  clients: 50,
  sessions: 80,
  floodPairs: 5,
  floodSeconds: 5,
};

/** A short run, to see that everything works. */
export const QUICK: Settings = {
  trial: true,
  rounds: 1,
  audiences: [20, 40],
  pace: 2_000,
  window: 16,
  warmUp: 0.3,
  seconds: 0.7,
  mebibytes: 8,
  idle: 40,
  signIns: 2,
  storm: 4,
  churn: 100,
  afterwards: 4,
  visits: 30,
  starts: 3,
  clients: 10,
  sessions: 24,
  floodPairs: 1,
  floodSeconds: 2,
};
