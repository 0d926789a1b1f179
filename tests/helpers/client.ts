/**
 * A headless client in a test: its events are collected, each held to the schema, and it leaves at
 * the end of the scope.
 */
import assert from "node:assert/strict";
import { Chat, type ChatOptions } from "../../client/chat.ts";
import type { ChatEvent } from "../../client/events.ts";
import { fixedCredentials } from "../../client/session/prompts.ts";
import { pinned } from "../../client/session/trust.ts";
import { engine } from "../../protocol/transport/quiche/engine.ts";
import { faultsOf } from "./event_schema.ts";

const LIMIT = 15_000;

export interface TestChatOptions extends Partial<ChatOptions> {
  readonly user: string;
  readonly port: number;
  readonly pin: string;
  readonly password?: string;
  /** Default: the one of the sources; another is one that was built from them. */
  readonly chatClass?: typeof Chat;
}

type EventOf<Name extends ChatEvent["event"]> = Extract<ChatEvent, { event: Name }>;

export class TestChat implements AsyncDisposable {
  readonly chat: Chat;
  /** What has happened so far. */
  readonly events: ChatEvent[] = [];
  #changed = Promise.withResolvers<void>();
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

  /** The texts of the messages that came, so far. */
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

  /** Waits until the function finds something. */
  async find<T>(what: string, pick: () => T | undefined): Promise<T> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      const seen = this.events.map((event) => JSON.stringify(event)).join("\n");
      late.reject(new Error(`Waited ${LIMIT} ms for ${what}\n${seen}`));
    }, LIMIT);
    try {
      while (true) {
        const changed = this.#changed.promise;
        const found = pick();
        if (found !== undefined) return found;
        await Promise.race([changed, late.promise]);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.chat.leave();
    await this.#reading;
    assert.deepEqual(this.events.flatMap((event) => faultsOf(event)), []);
  }

  async #read(): Promise<void> {
    for await (const event of this.chat.events) {
      this.events.push(event);
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
    }
  }
}

/** Starts a client and waits until it is signed in. */
export async function startTestChat(options: TestChatOptions): Promise<TestChat> {
  const client = new TestChat(options);
  await client.event("users");
  return client;
}
