/**
 * What a client tells those who look into a connection (`--log-level debug`): named events with
 * named values, never what people write, and no secrets.
 */
export type LogValue = string | number | boolean | undefined;

/** Takes one event. */
export type Log = (event: string, fields: Readonly<Record<string, LogValue>>) => void;
