/**
 * Somebody who is signed in, for measuring: the client's own connection and session, without what
 * shows them. It says things, and knows how long each took to be stored and acknowledged.
 */
import { monotonicFactory } from "ulid";
import { SessionConnection } from "../../client/session/session_connection.ts";
import { dialServer } from "../../client/session/dial.ts";
import { pinned } from "../../client/session/trust.ts";
import { systemClock } from "../../protocol/clock.ts";
import type { Content, ServerFrame } from "../../protocol/frame.ts";
import { GENERAL } from "../../protocol/names.ts";
import type { Fields, Request } from "../../protocol/session/client.ts";
import type { Connection, Engine } from "../../protocol/transport/transport.ts";

/** One of the ways to a server. */
export interface Way {
  readonly engine: Engine;
  readonly host: string;
  readonly port: number;
  readonly pin: string;
}

export type Credentials =
  | { readonly user: string; readonly password: string }
  | { readonly token: string };

/** What was asked for was refused, or the connection broke: nothing was measured. */
export class SessionError extends Error {
  override readonly name = "SessionError";
}

const nextUlid = monotonicFactory();

/** A secure connection to the server that is meant, on which nothing has been said. */
export async function dial({ engine, host, port, pin }: Way): Promise<Connection> {
  const { signal } = new AbortController();
  return (await dialServer({ engine, host, port, trust: pinned(pin), signal })).connection;
}

export class Session implements AsyncDisposable {
  readonly connection: Connection;
  /** For coming back without a password. */
  token = "";
  readonly #waiting = new Map<number, PromiseWithResolvers<ServerFrame>>();
  readonly #welcomed = Promise.withResolvers<void>();
  #link: SessionConnection | undefined;

  /** From nothing to signed in. */
  static async enter(way: Way, credentials: Credentials): Promise<Session> {
    const session = new Session(await dial(way));
    try {
      await session.#signIn(credentials);
      return session;
    } catch (failure) {
      await session[Symbol.asyncDispose]();
      throw failure;
    }
  }

  private constructor(connection: Connection) {
    this.connection = connection;
  }

  /** Says something in `general`; resolves when it is acknowledged: it is stored then. */
  async say(content: Content): Promise<void> {
    await this.#ask({ type: "send", ulid: nextUlid(), conversation: GENERAL, content });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#link?.leave();
    await this.connection[Symbol.asyncDispose]();
  }

  async #signIn(credentials: Credentials): Promise<void> {
    const link = await SessionConnection.open({
      connection: this.connection,
      client: "sotto-compare",
      clock: systemClock,
      receive: (frame, request) => this.#receive(frame, request),
    });
    this.#link = link;
    void link.closed.then(({ message }) => this.#fail(message));
    await this.#welcomed.promise;
    const answer = await this.#ask(
      "token" in credentials
        ? { type: "resume", ...credentials }
        : { type: "login", ...credentials },
    );
    if (answer.type === "authenticated") this.token = answer.token;
  }

  async #ask(fields: Fields): Promise<ServerFrame> {
    if (!this.#link?.allows(fields.type)) throw new SessionError(`${fields.type} is not allowed`);
    const answered = Promise.withResolvers<ServerFrame>();
    this.#waiting.set(this.#link.request(fields), answered);
    const answer = await answered.promise;
    if (answer.type === "error") throw new SessionError(answer.message);
    return answer;
  }

  #receive(frame: ServerFrame, request: Request | undefined): void {
    if (frame.type === "welcome") this.#welcomed.resolve();
    if (request === undefined) return;
    this.#waiting.get(request.id)?.resolve(frame);
    this.#waiting.delete(request.id);
  }

  #fail(reason: string): void {
    const failure = new SessionError(reason);
    this.#welcomed.reject(failure);
    for (const { reject } of this.#waiting.values()) reject(failure);
    this.#waiting.clear();
  }
}
