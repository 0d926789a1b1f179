/**
 * What is known about a signed-in session, made at each sign-in and handed down; and the one place
 * that says which of them is current.
 */
import { untilAborted } from "../../protocol/abort.ts";
import type { RequestFields, SessionRequestType } from "../../protocol/session/client.ts";
import { notConnected } from "./refused_error.ts";
import type { Answer, Requester } from "./requests.ts";
import type { SessionConnection } from "./session_connection.ts";

export interface SignedInSession {
  readonly connection: SessionConnection;
  /** The account's name. */
  readonly account: string;
  readonly server: ServerIdentity;
}

interface ServerIdentity {
  readonly host: string;
  readonly port: number;
  /** `SHA256:…`: the hash of the server's certificate. */
  readonly pin: string;
}

/** One account's session: the current one, while there is one. */
export class CurrentSession implements Requester {
  #server: ServerIdentity;
  #connection: SessionConnection | undefined;
  #signedIn = Promise.withResolvers<void>();

  constructor(session: SignedInSession) {
    this.#server = session.server;
    this.replace(session);
  }

  /** The connection, while there is one. */
  get connection(): SessionConnection | undefined {
    return this.#connection;
  }

  /** The server of the latest sign-in. */
  get server(): ServerIdentity {
    return this.#server;
  }

  /** The account has signed in again. */
  replace({ connection, server }: SignedInSession): void {
    this.#connection = connection;
    this.#server = server;
    this.#signedIn.resolve();
  }

  /** The session has ended, or another connection broke before it was signed in. */
  clear(): void {
    // Callers of `next` wait for the promise that is there: a new one would never wake them.
    if (this.#connection === undefined) return;
    this.#connection = undefined;
    this.#signedIn = Promise.withResolvers();
  }

  /** The connection; waits for one. `undefined`: the signal fired first. */
  async next(signal: AbortSignal): Promise<SessionConnection | undefined> {
    while (this.#connection === undefined && !signal.aborted) {
      await untilAborted(signal, this.#signedIn.promise);
    }
    return signal.aborted ? undefined : this.#connection;
  }

  allows(type: SessionRequestType): boolean {
    return this.#connection?.allows(type) === true;
  }

  request<Given extends RequestFields>(fields: Given): Promise<Answer<Given["type"]>> {
    return this.#connection?.request(fields) ?? Promise.reject(notConnected());
  }
}
