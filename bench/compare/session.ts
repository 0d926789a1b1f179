/**
 * A signed-in session for measuring: the client's own connection and protocol, without an interface.
 * A request resolves when the server has answered it.
 */
import { monotonicFactory } from "ulid";
import { dialServer } from "../../client/session/dial.ts";
import { notConnected, RefusedError } from "../../client/session/refused_error.ts";
import type { Answer } from "../../client/session/requests.ts";
import { SessionConnection } from "../../client/session/session_connection.ts";
import { pinned } from "../../client/session/trust.ts";
import { systemClock } from "../../protocol/clock.ts";
import type { Content } from "../../protocol/frame.ts";
import { GENERAL } from "../../protocol/names.ts";
import type { RequestFields } from "../../protocol/session/client.ts";
import type { Connection, Engine } from "../../protocol/transport/transport.ts";

/** A server and the transport to reach it by. */
export interface ServerAddress {
  readonly engine: Engine;
  readonly host: string;
  readonly port: number;
  readonly pin: string;
}

export type Credentials =
  | { readonly user: string; readonly password: string }
  | { readonly token: string };

/** The server refused a request, or the connection broke. */
export class SessionError extends Error {
  override readonly name = "SessionError";
}

const nextUlid = monotonicFactory();

/** A secure connection to the server with this pin, on which nothing was sent yet. */
export async function dial({ engine, host, port, pin }: ServerAddress): Promise<Connection> {
  const { signal } = new AbortController();
  return (await dialServer({ engine, host, port, trust: pinned(pin), signal })).connection;
}

export class Session implements AsyncDisposable {
  readonly connection: Connection;
  /** For the next sign-in, without a password. */
  token = "";
  readonly #welcomed = Promise.withResolvers<void>();
  #session: SessionConnection | undefined;

  /** Connects and signs in. */
  static async signIn(server: ServerAddress, credentials: Credentials): Promise<Session> {
    const session = new Session(await dial(server));
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

  /** Sends a message to `general`. Resolves when it is acknowledged, and so stored. */
  async send(content: Content): Promise<void> {
    await this.#ask({ type: "send", ulid: nextUlid(), conversation: GENERAL, content });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session?.leave();
    await this.connection[Symbol.asyncDispose]();
  }

  async #signIn(credentials: Credentials): Promise<void> {
    const session = await SessionConnection.open({
      connection: this.connection,
      client: "sotto-compare",
      clock: systemClock,
    });
    this.#session = session;
    void this.#read(session);
    await this.#welcomed.promise;
    const [answer] = await this.#ask(
      "token" in credentials
        ? { type: "resume", ...credentials }
        : { type: "login", ...credentials },
    );
    if (answer !== undefined) this.token = answer.token;
  }

  async #ask<Given extends RequestFields>(fields: Given): Promise<Answer<Given["type"]>> {
    try {
      return await (this.#session?.request(fields) ?? Promise.reject(notConnected()));
    } catch (failure) {
      if (failure instanceof RefusedError) throw new SessionError(failure.message);
      throw failure;
    }
  }

  /** What others say is read, and not looked at. */
  async #read(session: SessionConnection): Promise<void> {
    for await (const output of session.frames()) {
      if (output.type === "frame" && output.frame.type === "welcome") this.#welcomed.resolve();
    }
    this.#welcomed.reject(new SessionError((await session.closed).message));
  }
}
