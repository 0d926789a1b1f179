/**
 * One flooder: an account that does one thing as often as the server lets it. It speaks the protocol
 * with Sotto's own frames, and has no manners: it does not wait for answers where it need not, asks
 * again at once when it is refused, and comes back at once when it is thrown out.
 */
import { randomBytes } from "node:crypto";
import { monotonicFactory } from "ulid";
import { encodeFrame, parseServerFrame } from "../../protocol/codec.ts";
import { concat } from "../../protocol/concat.ts";
import { FrameDecoder } from "../../protocol/decoder.ts";
import type { ClientFrame, ServerFrame } from "../../protocol/frame.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Connection, Stream } from "../../protocol/transport/transport.ts";
import { ALPN, VERSIONS } from "../../protocol/version.ts";
import { readAll } from "./client.ts";
import type { Origin } from "./dial_from.ts";
import { LineReader } from "../harness/lines.ts";

export type FloodKind = keyof typeof ATTACKS;

interface FlooderOptions {
  readonly kind: FloodKind;
  readonly origin: Origin;
  readonly port: number;
  readonly hash: Uint8Array<ArrayBuffer>;
  readonly user: string;
  readonly token: string;
}

/** Frames in one write. */
const BATCH = 64;
/** Bytes of a file. */
const FILE = 4 * 1024 * 1024;
const CHUNK = encodeFrame({ type: "chunk", bytes: new Uint8Array(LIMITS.chunk).fill(0x2e) });
/** A text that has two words many times, and a search that finds it hard to exclude. */
const TEXT = "a x b x ".repeat(8);
const WORDS = '"a b" "b a" "a x a" "b x b"';
/** Where flooders are among themselves. */
const FLOODED_ROOM = "room:flooded";
const GENERAL = "room:general";
const nextUlid = monotonicFactory();
let lastId = 0;

const HELLO: ClientFrame = {
  type: "hello",
  id: 0xffff_fff0,
  versions: [...VERSIONS],
  features: [],
  client: "flood",
};

export class Flooder {
  /** Requests that were written, connections that were opened, and sign-ins that were accepted. */
  readonly counts = { requests: 0, connections: 0, signedIn: 0 };
  readonly #options: FlooderOptions;
  readonly #open = new Set<Connection>();
  #isOver = false;
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: FlooderOptions) {
    this.#options = options;
  }

  start(): void {
    const { kind } = this.#options;
    const loops = kind === "sign-ins" ? 4 : 1;
    this.#running = Promise.all(Array.from({ length: loops }, () => this.#flood(ATTACKS[kind])));
  }

  /** Does it once. */
  async prepare(): Promise<void> {
    await this.#once(ATTACKS.enter);
  }

  /** Closes everything, and resolves when that is done. */
  async stop(): Promise<void> {
    this.#isOver = true;
    for (const connection of this.#open) connection.close(0);
    await this.#running;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get user(): string {
    return this.#options.user;
  }

  async #flood(attack: Attack): Promise<void> {
    while (!this.#isOver) {
      try {
        await this.#once(attack);
      } catch {
        // It was thrown out. Others of this process have their turn.
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
    }
  }

  async #once(attack: Attack): Promise<void> {
    const { origin, port, hash, token } = this.#options;
    const connection = await origin.dial(port, hash, ALPN);
    this.counts.connections++;
    this.#open.add(connection);
    try {
      if (this.#isOver) return;
      const stream = await connection.openStream();
      await attack({ flooder: this, connection, stream, token });
    } finally {
      this.#open.delete(connection);
      connection.close(0);
    }
  }
}

interface Scene {
  readonly flooder: Flooder;
  readonly connection: Connection;
  /** The session stream. */
  readonly stream: Stream;
  readonly token: string;
}

type Attack = (scene: Scene) => Promise<void>;

/** The frames that come on a stream. */
class Answers {
  readonly #stream: Stream;
  readonly #decoder = new FrameDecoder();
  #frames: ServerFrame[] = [];

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  /** The next frame of one of these types. */
  async next(...types: ServerFrame["type"][]): Promise<ServerFrame> {
    while (true) {
      for (let frame; (frame = this.#frames.shift()) !== undefined;) {
        if (types.includes(frame.type)) return frame;
      }
      const chunk = await this.#stream.read();
      if (chunk === null) throw new Error("The stream has ended");
      for (const body of this.#decoder.push(chunk)) this.#frames.push(parseServerFrame(body));
    }
  }
}

const ATTACKS = {
  /** Messages to everyone, those who behave among them. */
  messages: (scene: Scene) => talk(scene, GENERAL),
  /** Messages to the other flooders. */
  elsewhere: (scene: Scene) => talk(scene, FLOODED_ROOM),
  searches: (scene: Scene) =>
    transfer(scene, 7, async (stream) => {
      await write(scene, stream, { type: "search", id: nextId(), words: WORDS, limit: 100 });
      while (await stream.read() !== null);
    }),
  joins: (scene: Scene) =>
    request(scene, () => [
      { type: "leave", id: nextId(), conversation: FLOODED_ROOM },
      { type: "join", id: nextId(), conversation: FLOODED_ROOM },
    ]),
  uploads: (scene: Scene) => transfer(scene, LIMITS.transfers, (stream) => upload(scene, stream)),
  /** Signs in, and enters the room of the flooders: no flood, but what comes before it. */
  enter: async (scene: Scene) => {
    const answers = await signIn(scene);
    await write(scene, scene.stream, { type: "create", id: nextId(), conversation: FLOODED_ROOM });
    await write(scene, scene.stream, { type: "join", id: nextId(), conversation: FLOODED_ROOM });
    await answers.next("conversation");
  },
  /** With a password that is wrong. */
  "sign-ins": async (scene: Scene) => {
    const login = { type: "login", user: scene.flooder.user, password: "not this one" } as const;
    await write(scene, scene.stream, HELLO, { ...login, id: nextId(), intent: "login" });
    await new Answers(scene.stream).next("error", "authenticated");
  },
} as const satisfies Readonly<Record<string, Attack>>;

function talk(scene: Scene, conversation: string): Promise<void> {
  return request(scene, () => {
    const content = { kind: "text", body: TEXT };
    return [{ type: "send", id: nextId(), ulid: nextUlid(), conversation, content }];
  });
}

/** Signs in, and writes requests without waiting for answers. */
async function request(scene: Scene, make: () => ClientFrame[]): Promise<void> {
  await signIn(scene);
  void readAll(scene.stream, new LineReader());
  while (!scene.flooder.isOver) {
    await write(scene, scene.stream, ...Array.from({ length: BATCH }, make).flat());
  }
}

/** Signs in, and makes transfers, so many at once, one after the other. */
async function transfer(
  scene: Scene,
  atOnce: number,
  make: (stream: Stream) => Promise<void>,
): Promise<void> {
  await signIn(scene);
  void readAll(scene.stream, new LineReader());
  const loop = async () => {
    while (!scene.flooder.isOver) {
      await using stream = await scene.connection.openStream();
      await make(stream);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, loop));
}

/** Sends a whole file, whose hash is wrong, so that the server keeps nothing of it. */
async function upload(scene: Scene, stream: Stream): Promise<void> {
  const file = nextUlid();
  const hash = new Uint8Array(randomBytes(LIMITS.hash));
  const place = { conversation: GENERAL, size: FILE };
  await write(scene, stream, { type: "upload", id: nextId(), file, hash, ...place });
  const answers = new Answers(stream);
  if ((await answers.next("ready", "error")).type !== "ready") return;
  for (let left = FILE; left > 0; left -= LIMITS.chunk) {
    const last = { type: "chunk", bytes: new Uint8Array(Math.min(left, LIMITS.chunk)) } as const;
    await stream.write(left >= LIMITS.chunk ? CHUNK : encodeFrame(last));
  }
  await stream.end();
  await answers.next("stored", "error");
}

async function signIn({ flooder, stream, token }: Scene): Promise<Answers> {
  const hello = [encodeFrame(HELLO), encodeFrame({ type: "resume", id: nextId(), token })];
  await stream.write(concat(hello));
  const answers = new Answers(stream);
  const { type } = await answers.next("authenticated", "error");
  if (type === "error") throw new Error("Not signed in");
  flooder.counts.signedIn++;
  return answers;
}

async function write({ flooder }: Scene, stream: Stream, ...frames: ClientFrame[]): Promise<void> {
  flooder.counts.requests += frames.length;
  await stream.write(concat(frames.map(encodeFrame)));
}

function nextId(): number {
  return lastId = (lastId + 1) % 0xffff_0000;
}
