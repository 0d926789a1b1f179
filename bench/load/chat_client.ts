/** Clients of the load that speak Sotto's protocol. */
import { monotonicFactory } from "ulid";
import { encodeFrame, parseServerFrame } from "../../protocol/codec.ts";
import { LENGTH_BYTES } from "../../protocol/decoder.ts";
import type { ClientFrame, ServerFrame } from "../../protocol/frame.ts";
import { TIMES } from "../../protocol/limits.ts";
import { GENERAL } from "../../protocol/names.ts";
import type { Connection, Stream } from "../../protocol/transport/transport.ts";
import { ALPN, VERSIONS } from "../../protocol/version.ts";
import { LINE_BYTES, lineOfText, LineReader, textOf } from "../harness/lines.ts";
import { Gathering, type LoadClient, readAll } from "./client.ts";

type Dial = (alpn: string) => Promise<Connection>;

export type Credentials =
  | { readonly token: string }
  | { readonly user: string; readonly password: string };

/** IDs of requests other than lines. */
const HELLO = 0xffff_fff0;
const SIGN_IN = 0xffff_fff1;
const PING = 0xffff_fff2;
/** An ack is far shorter than a message: a client that only waits for acks decodes nothing else. */
const ACK_BYTES = LINE_BYTES - 32;
const nextUlid = monotonicFactory();

export class ChatClient implements LoadClient {
  onLine: LoadClient["onLine"];
  readonly #connection: Connection;
  readonly #out: Gathering;
  readonly #lines = new LineReader();
  #keepAlive: ReturnType<typeof setInterval> | undefined;

  private constructor(connection: Connection, stream: Stream) {
    this.#connection = connection;
    this.#out = new Gathering(stream);
    void readAll(stream, this.#lines);
  }

  /** Connects and signs in. */
  static async connect(dial: Dial, credentials: Credentials): Promise<ChatClient> {
    const connection = await dial(ALPN);
    const client = new ChatClient(connection, await connection.openStream());
    try {
      await client.#signIn(credentials);
      return client;
    } catch (error) {
      connection.close(0);
      throw error;
    }
  }

  get received(): number {
    return this.#lines.count;
  }

  say(line: number): void {
    const content = { kind: "text", body: textOf(line) };
    const ulid = nextUlid();
    this.#tell({ type: "send", id: line, ulid, conversation: GENERAL, content });
  }

  ping(): void {
    this.#tell({ type: "ping", id: PING });
  }

  watch(ownOnly: boolean): void {
    this.#lines.onFrame = (bytes) => {
      if (ownOnly && bytes.byteLength > ACK_BYTES) return;
      const frame = parseServerFrame(bytes.subarray(LENGTH_BYTES));
      if (frame.type === "message" && typeof frame.content.body === "string") {
        this.onLine?.(lineOfText(frame.content.body), false);
      } else if (frame.type === "ack" || frame.type === "pong") {
        this.onLine?.(frame.re, true);
      }
    };
  }

  async close(): Promise<void> {
    clearInterval(this.#keepAlive);
    await this.#connection[Symbol.asyncDispose]();
  }

  async #signIn(credentials: Credentials): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    void this.#connection.closed.then(({ code }) => reject(new Error(`Closed with ${code}`)));
    this.#lines.onFrame = (bytes) => {
      const frame: ServerFrame = parseServerFrame(bytes.subarray(LENGTH_BYTES));
      if (frame.type === "authenticated") resolve();
      if (frame.type === "error") reject(new Error(`${frame.code}: ${frame.message}`));
    };
    const client = "bench";
    this.#tell({ type: "hello", id: HELLO, versions: [...VERSIONS], features: [], client });
    this.#tell(
      "token" in credentials
        ? { type: "resume", id: SIGN_IN, token: credentials.token }
        : { type: "login", id: SIGN_IN, ...credentials, intent: "login" },
    );
    await promise;
    this.#lines.onFrame = undefined;
    this.#keepAlive = setInterval(() => this.ping(), TIMES.ping);
  }

  #tell(frame: ClientFrame): void {
    this.#out.push(encodeFrame(frame));
  }
}
