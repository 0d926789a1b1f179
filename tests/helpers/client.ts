/**
 * A headless client in a test. It collects its events, checks each against the schema, and signs off
 * at the end of the scope.
 */
import assert from "node:assert/strict";
import { Chat, type ChatOptions } from "../../client/chat.ts";
import type { ChatEvent, EventOf } from "../../client/events.ts";
import { fixedCredentials } from "../../client/session/prompts.ts";
import { pinned } from "../../client/session/trust.ts";
import { engine } from "../../protocol/transport/quiche/engine.ts";
import { Changes } from "./changes.ts";
import { faultsOf } from "./event_schema.ts";

export interface TestChatOptions extends Partial<ChatOptions> {
  readonly user: string;
  readonly port: number;
  readonly pin: string;
  readonly password?: string;
  /** Default: the one of the sources; another is one that was built from them. */
  readonly chatClass?: typeof Chat;
}

export class TestChat implements AsyncDisposable {
  readonly chat: Chat;
  /** All events so far. */
  readonly events: ChatEvent[] = [];
  readonly #changes = new Changes();
  readonly #reading: Promise<void>;

  constructor(
    { user, port, pin, password = "pass word", chatClass = Chat, ...options }: TestChatOptions,
  ) {
    this.chat = new chatClass({
      engine,
      host: "127.0.0.1",
      port,
      user,
      trust: pinned(pin),
      prompts: fixedCredentials({ user, password }),
      ...options,
    });
    this.#reading = this.#read();
  }

  /** The events with this name, so far. */
  all<Name extends ChatEvent["event"]>(name: Name): EventOf<Name>[] {
    return this.events.filter((event): event is EventOf<Name> => event.event === name);
  }

  /** The texts of the messages so far. */
  get texts(): string[] {
    return this.all("message").map(({ text }) => text);
  }

  /** The first event, past or future, with this name and these fields. */
  async event<Name extends ChatEvent["event"]>(
    name: Name,
    fields: Partial<EventOf<Name>> = {},
  ): Promise<EventOf<Name>> {
    const wanted = Object.entries(fields);
    return await this.find(
      `${name} ${JSON.stringify(fields)}`,
      () =>
        this.all(name).find((event) =>
          wanted.every(([field, value]) => new Map(Object.entries(event)).get(field) === value)
        ),
    );
  }

  /** Waits until the function returns something. */
  find<T>(what: string, pick: () => T | undefined): Promise<T> {
    const seen = () => this.events.map((event) => JSON.stringify(event)).join("\n");
    return this.#changes.find(pick, () => `${what}\n${seen()}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.chat.leave();
    await this.#reading;
    assert.deepEqual(this.events.flatMap((event) => faultsOf(event)), []);
  }

  async #read(): Promise<void> {
    for await (const event of this.chat.events) {
      this.events.push(event);
      this.#changes.notify();
    }
  }
}

/** Starts a client and waits until it is signed in. */
export async function startTestChat(options: TestChatOptions): Promise<TestChat> {
  const client = new TestChat(options);
  await client.event("users");
  return client;
}
