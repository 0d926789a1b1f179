/**
 * A user in the demo: types lines into a real client, and prints what the client shows. An expected
 * event that does not come in time is an error.
 */
import { join } from "node:path";
import { Chat } from "../../client/chat.ts";
import type { ChatEvent } from "../../client/events.ts";
import { DiskFiles } from "../../client/platform/disk_files.ts";
import { fixedCredentials, type Prompts } from "../../client/session/prompts.ts";
import { pinned } from "../../client/session/trust.ts";
import type { Engine } from "../../protocol/transport/transport.ts";
import { Cable } from "./cable.ts";

/** Milliseconds. Deriving a key takes seconds on a slow machine. */
const TIMEOUT = 60_000;

export interface Server {
  readonly host: string;
  readonly port: number;
  readonly pin: string;
}

/** A check failed. */
export class DemoError extends Error {
  override readonly name = "DemoError";
}

type EventOf<Name extends ChatEvent["event"]> = Extract<ChatEvent, { event: Name }>;
type Fields<Event> = { readonly [Name in keyof Event]?: Event[Name] };

interface DemoUserOptions {
  readonly server: Server;
  readonly engine: Engine;
  /** The user's folder, which exists. */
  readonly home: string;
  /** Prints what the user types and sees. */
  readonly print: (line: string) => void;
}

export class DemoUser implements AsyncDisposable {
  readonly name: string;
  readonly home: string;
  readonly cable: Cable;
  readonly #chat: Chat;
  readonly #say: (line: string) => void;
  readonly #seen: ChatEvent[] = [];
  #checks = 0;
  #passwords = 0;
  #wake = Promise.withResolvers<void>();

  constructor(name: string, { server, engine, home, print: say }: DemoUserOptions) {
    this.name = name;
    this.home = home;
    this.#say = say;
    this.cable = new Cable(engine);
    this.#chat = new Chat({
      engine: this.cable.engine,
      host: server.host,
      port: server.port,
      trust: pinned(server.pin),
      user: name,
      prompts: this.#prompts(),
      files: { store: new DiskFiles({ home, downloads: join(home, "downloads") }) },
    });
    void this.#watch();
  }

  /** The number of expected events that came. */
  get checks(): number {
    return this.#checks;
  }

  /** How often the client asked for the password. */
  get passwordPrompts(): number {
    return this.#passwords;
  }

  /** Types a line, and prints it. */
  type(line: string): void {
    this.#say(`${this.name} > ${line}`);
    void this.#chat.type(line);
  }

  /** Waits for an event with these fields, past or future. Prints what `show` makes of it. */
  expect<Name extends ChatEvent["event"]>(
    event: Name,
    fields: Fields<EventOf<Name>>,
    show?: (event: EventOf<Name>) => string,
  ): Promise<EventOf<Name>> {
    const fits = (candidate: EventOf<Name>) =>
      Object.entries(fields).every(([name, value]) =>
        Object.entries(candidate).some(([field, has]) => field === name && has === value)
      );
    return this.expectWhere(event, `${event} ${JSON.stringify(fields)}`, fits, show);
  }

  /** Waits for an event that fits. `what` describes it in errors. */
  async expectWhere<Name extends ChatEvent["event"]>(
    event: Name,
    what: string,
    fits: (event: EventOf<Name>) => boolean,
    show?: (event: EventOf<Name>) => string,
  ): Promise<EventOf<Name>> {
    const found = await this.#find(
      (candidate): candidate is EventOf<Name> => isA(candidate, event) && fits(candidate),
      what,
    );
    this.#checks += 1;
    if (show !== undefined) this.#say(`${this.name} | ${show(found)}`);
    return found;
  }

  /** How many messages with this text came. */
  countMessages(text: string): number {
    return this.#seen.filter((event) => event.event === "message" && event.text === text).length;
  }

  /** How many events there were. */
  get eventCount(): number {
    return this.#seen.length;
  }

  /** The events with this name, after the first `count` of all. */
  eventsSince<Name extends ChatEvent["event"]>(count: number, name: Name): EventOf<Name>[] {
    return this.#seen.slice(count).filter((event): event is EventOf<Name> => isA(event, name));
  }

  /** Types `@quit`, and waits until the client has ended. */
  async quit(): Promise<void> {
    this.type("@quit");
    await this.expect("closed", { code: "left" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#chat[Symbol.asyncDispose]();
  }

  #prompts(): Prompts {
    const prompts = fixedCredentials({ user: this.name, password: `${this.name}'s password` });
    return {
      ...prompts,
      credentials: (request) => {
        this.#passwords += 1;
        return prompts.credentials(request);
      },
    };
  }

  async #watch(): Promise<void> {
    for await (const event of this.#chat.events) {
      this.#seen.push(event);
      this.#wake.resolve();
      this.#wake = Promise.withResolvers();
    }
  }

  async #find<Event extends ChatEvent>(
    fits: (event: ChatEvent) => event is Event,
    what: string,
  ): Promise<Event> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const missed = () => {
      const seen = this.#seen.map((event) => `\n  ${JSON.stringify(event)}`).join("");
      return new DemoError(`${this.name} waited for ${what}, and got:${seen}`);
    };
    const timer = setTimeout(() => reject(missed()), TIMEOUT);
    try {
      for (;;) {
        const { promise: news } = this.#wake;
        const found = this.#seen.find(fits);
        if (found !== undefined) return found;
        if (this.#seen.at(-1)?.event === "closed") throw missed();
        await Promise.race([news, late]);
      }
    } finally {
      clearTimeout(timer);
    }
  }
}

function isA<Name extends ChatEvent["event"]>(
  event: ChatEvent,
  name: Name,
): event is EventOf<Name> {
  return event.event === name;
}
