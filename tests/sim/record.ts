/** What one run of a client has shown to its user, and the promises that are broken at once by it. */
import type { ChatEvent } from "../../client/events.ts";
import type { Memberships } from "./memberships.ts";
import { SearchLog } from "./search_log.ts";

interface Shown {
  readonly seq: number;
  readonly id: string;
  readonly from: string;
  readonly text: string | undefined;
}

/** Messages of its own that a client has sent or is to send. */
interface Sent {
  readonly conversation: string;
  readonly text: string | undefined;
  seq: number | undefined;
  refused: string | undefined;
}

/** What is true of all clients of a run. */
export interface Truth {
  readonly memberships: Memberships;
  /** Who has wanted to say what, by the text or the name of the file. */
  readonly said: Map<string, string>;
  /** What was sent, by its ID, where a client has told so. */
  readonly sent: Map<string, Sent & { readonly from: string }>;
  /** Nothing is refused for a moment only (`busy`), which changes the order. */
  readonly keepsOrder: boolean;
  /** Bytes of the files that were sent, by their names. */
  readonly files: Map<string, Uint8Array>;
  /** The server keeps them for longer than the run takes. */
  readonly keepsFiles: boolean;
  /** Whether a message that is stored survives a power cut of the server. */
  survives(conversation: string, seq: number): boolean;
  /** A promise is broken. */
  broke(rule: string, what: string): void;
}

export class Record {
  readonly account: string;
  readonly shown = new Map<string, Shown[]>();
  readonly sent = new Map<string, Sent>();
  /** Offers whose file has not been fetched, by ID. */
  readonly offers = new Map<string, { readonly name: string; readonly conversation: string }>();
  /** The newest answers to `/history`. */
  readonly histories = new Map<string, readonly { readonly seq: number; readonly id: string }[]>();
  readonly searches: SearchLog;
  /** Who is online, as this client has been told. */
  readonly online = new Map<string, string>();
  /** It has a session, as far as it knows. */
  isSignedIn = false;
  /** Milliseconds that it waits before it tries again; `undefined`: it does not. */
  retry: { readonly wait: number } | undefined;
  /** Whether everything is sent, shown and transferred; `undefined`: nobody has asked yet. */
  settled: boolean | undefined;
  /** What the person has asked for and is not done. */
  doing = 0;
  readonly #unsent = new Set<string>();
  readonly #name: string;
  readonly #truth: Truth;

  constructor(name: string, account: string, truth: Truth) {
    this.#name = name;
    this.account = account;
    this.#truth = truth;
    const { memberships } = truth;
    const broke = (rule: string, what: string) => this.#broke(rule, `${name} ${what}`);
    this.searches = new SearchLog({ account, memberships, broke });
  }

  take(event: ChatEvent): void {
    switch (event.event) {
      case "authenticated":
        this.isSignedIn = true;
        this.retry = undefined;
        return;
      case "notice":
        if (event.code !== "reconnecting") return;
        this.isSignedIn = false;
        this.retry = { wait: 1_000 * (event.in ?? 0) };
        return;
      case "message":
        return this.#show(event.conversation, { ...event, text: event.text });
      case "sealed":
        return this.#show(event.conversation, { ...event, text: undefined });
      case "offer":
        if (event.from !== this.account) this.offers.set(event.id, event);
        return this.#show(event.conversation, { ...event, text: event.name });
      case "sending": {
        const { conversation, text = event.name } = event;
        const sent: Sent = { conversation, text, seq: undefined, refused: undefined };
        this.sent.set(event.id, sent);
        this.#unsent.add(event.id);
        this.#truth.sent.set(event.id, Object.assign(sent, { from: this.account }));
        return;
      }
      case "ack":
        return this.#acknowledged(event);
      case "error": {
        const sent = event.id === undefined ? undefined : this.sent.get(event.id);
        // No disk of a simulation changes what was written.
        if (event.code === "damaged_file") this.#broke("file damaged", event.message);
        if (sent !== undefined && sent.seq === undefined) {
          sent.refused = event.code;
          this.#unsent.delete(event.id ?? "");
        }
        return;
      }
      case "file":
        if (event.direction === "down") this.offers.delete(event.id);
        return;
      case "users":
        this.online.clear();
        for (const { name, status } of event.users) this.online.set(name, status);
        return;
      case "presence":
        if (event.status === "offline") this.online.delete(event.user);
        else this.online.set(event.user, event.status);
        return;
      case "closed":
        if (event.code === "failed") this.#broke("client failed", event.message);
        return;
      case "history":
        return this.#history(event.conversation, event.messages);
      case "search":
        for (const { conversation, seq, id } of event.messages) {
          this.#checkStored(conversation, seq, `${this.#name} ${conversation} seq=${seq} id=${id}`);
        }
        return this.searches.take(event.words, event.messages, event.more);
    }
  }

  /** Messages that are neither stored nor refused. */
  get unsent(): number {
    return this.#unsent.size;
  }

  /** Everything that was shown or acknowledged. */
  *known() {
    for (const [conversation, shown] of this.shown) {
      for (const { seq, id, text } of shown) yield { conversation, seq, id, text };
    }
    for (const [id, { conversation, seq, text }] of this.sent) {
      if (seq !== undefined) yield { conversation, seq, id, text };
    }
  }

  /** Everything that was shown or acknowledged of a conversation. */
  seen(conversation: string): Set<number> {
    const seen = new Set(this.shown.get(conversation)?.map(({ seq }) => seq));
    for (const { conversation: place, seq } of this.sent.values()) {
      if (place === conversation && seq !== undefined) seen.add(seq);
    }
    return seen;
  }

  #show(conversation: string, { seq, id, from, text }: Shown): void {
    let shown = this.shown.get(conversation);
    if (shown === undefined) this.shown.set(conversation, shown = []);
    const before = shown.at(-1);
    const what = `${this.#name} ${conversation} seq=${seq} id=${id}`;
    if (shown.some((other) => other.seq === seq || other.id === id)) {
      this.#broke("shown twice", what);
    } else if (before !== undefined && before.seq >= seq) this.#broke("out of order", what);
    // What was refused may have been sent before, on a connection that was given up and still lives.
    const own = this.sent.get(id);
    if (own !== undefined && own.refused === undefined) this.#broke("its own message shown", what);
    const sent = this.#truth.sent.get(id);
    // A client that has died may not have told its ID.
    if (sent === undefined) {
      const isSaid = text === undefined || this.#truth.said.get(text) === from;
      if (!isSaid) this.#broke("shown and never sent", what);
    } else if (sent.from !== from || sent.text !== text || sent.conversation !== conversation) {
      this.#broke("another than was sent", what);
    }
    if (!this.#truth.memberships.mayHaveSeen(this.account, conversation, seq)) {
      this.#broke("shown to someone who may not see it", what);
    }
    if (this.#truth.memberships.isHeld(this.account, conversation, seq)) {
      this.#broke("shown while the account was not to be disturbed", what);
    }
    this.#checkStored(conversation, seq, what);
    shown.push({ seq, id, from, text });
  }

  #history(conversation: string, messages: readonly Pick<Shown, "seq" | "id">[]): void {
    this.histories.set(conversation, messages.map(({ seq, id }) => ({ seq, id })));
    for (const { seq, id } of messages) {
      const what = `${this.#name} ${conversation} seq=${seq} id=${id}`;
      this.#checkStored(conversation, seq, what);
      if (this.#truth.memberships.mayHaveSeen(this.account, conversation, seq)) continue;
      if (!conversation.startsWith("room:")) {
        this.#broke("history for someone who may not see it", what);
      }
    }
  }

  #acknowledged(
    { id, conversation, seq }: { id: string; conversation: string; seq: number },
  ): void {
    const sent = this.sent.get(id);
    const what = `${this.#name} ${conversation} seq=${seq} id=${id}`;
    if (sent === undefined) return this.#broke("acknowledged and never sent", what);
    if (sent.seq !== undefined) this.#broke("acknowledged twice", what);
    if (sent.refused !== undefined) this.#broke("acknowledged and refused", what);
    if (sent.conversation !== conversation) this.#broke("acknowledged elsewhere", what);
    if (!this.#truth.memberships.ids.mayHave(id)) this.#broke("acknowledged, never stored", what);
    this.#checkStored(conversation, seq, what);
    sent.seq = seq;
    this.#unsent.delete(id);
  }

  /** The server tells of nothing that a power cut can take back. */
  #checkStored(conversation: string, seq: number, what: string): void {
    if (!this.#truth.survives(conversation, seq)) {
      this.#broke("told before it is on the disk", what);
    }
  }

  #broke(rule: string, what: string): void {
    this.#truth.broke(rule, what);
  }
}
