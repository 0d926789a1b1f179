/**
 * Speaks for one server on one link, as RFC 6762 wants it: asks whether its name is free, says that
 * it is there, answers whoever asks, and says goodbye. It chooses no names, and opens no sockets.
 *
 * Whoever hears another probe for the name in the same moment gives way, as if it were taken: to
 * compare the records and let one win (section 8.2) would save one of two a longer name.
 */
import type { Clock } from "../clock.ts";
import { answersTo, isSimple, simpleResponse } from "./answer.ts";
import type { Sender } from "./guard.ts";
import type { Link } from "./links.ts";
import { type DnsMessage, type DnsRecord, isSameName, query, response } from "./message.ts";
import { allOf, type ServerRecords } from "./records.ts";

/** Section 8.1: after a random time, so that machines that start together do not ask together. */
const PROBES = 3;
const PROBE_INTERVAL = 250;
/** Section 8.3: at least twice. */
const ANNOUNCEMENT_INTERVAL = 1_000;
/** Section 6: others may answer the same question, so that nobody answers it at once. */
const SHORTEST_DELAY = 20;
const LONGEST_DELAY = 120;
/** Section 6: no record is said again within a second. */
const PAUSE = 1_000;

export interface ResponderOptions {
  readonly clock: Clock;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** The name that was claimed is another's. */
  readonly onConflict: () => void;
}

export class Responder {
  readonly #link: Link;
  readonly #options: ResponderOptions;
  readonly #cancels = new Set<() => void>();
  /** What was asked for and will be said. */
  readonly #owed = new Set<DnsRecord>();
  readonly #saidAt = new Map<DnsRecord, number>();
  #records: ServerRecords | undefined;
  #state: "silent" | "probing" | "answering" = "silent";

  constructor(link: Link, options: ResponderOptions) {
    this.#link = link;
    this.#options = options;
  }

  /** Claims the name of the records on this link, then tells them; again for another name. */
  claim(records: ServerRecords): void {
    this.fallSilent();
    this.#records = records;
    this.#state = "probing";
    this.#after(this.#options.random() * PROBE_INTERVAL, () => this.#probe(1));
  }

  /** Tells what has changed; the name stays. */
  update(records: ServerRecords): void {
    const answering = this.#state === "answering";
    this.#records = records;
    if (answering) this.#announce();
  }

  received(message: DnsMessage, from: Sender): void {
    const records = this.#records;
    if (records === undefined || this.#state === "silent") return;
    const claims = message.type === "response"
      ? [...message.answers, ...message.additionals]
      : this.#state === "probing"
      ? message.authorities
      : [];
    if (claims.some((record) => contradicts(record, records))) this.#options.onConflict();
    else if (message.type === "query" && this.#state === "answering") {
      this.#answer(message, from, records);
    }
  }

  /** Says goodbye (section 10.1), if there was a greeting. */
  async withdraw(): Promise<void> {
    const records = this.#records;
    const answering = this.#state === "answering";
    this.fallSilent();
    if (records === undefined || !answering) return;
    // The enumeration is of all servers, not of this one.
    const gone = allOf(records).filter((record) => record !== records.enumeration);
    await this.#link.send(response({ answers: gone.map((record) => ({ ...record, ttl: 0 })) }));
  }

  /** Stops at once, without a word. */
  fallSilent(): void {
    this.#state = "silent";
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
    this.#owed.clear();
    this.#saidAt.clear();
  }

  #probe(round: number): void {
    const records = this.#records;
    if (records === undefined) return;
    if (round > PROBES) return this.#announce();
    const { service, text, addresses } = records;
    void this.#link.send(query({
      questions: [{ name: service.name, type: "ANY" }],
      authorities: [service, text, ...addresses],
    }));
    this.#after(PROBE_INTERVAL, () => this.#probe(round + 1));
  }

  #announce(): void {
    this.fallSilent();
    this.#state = "answering";
    this.#sayAll();
    this.#after(ANNOUNCEMENT_INTERVAL, () => this.#sayAll());
  }

  #sayAll(): void {
    if (this.#records !== undefined) this.#say(allOf(this.#records), []);
  }

  #answer(message: DnsMessage, from: Sender, records: ServerRecords): void {
    const answers = answersTo(message, allOf(records));
    if (answers.length === 0) return;
    if (isSimple(from)) {
      const others = additionalTo(answers, records);
      void this.#link.send(simpleResponse(message, answers, others), from);
    } else if (message.authorities.length > 0) {
      // Somebody is about to take the name: they have to hear at once, and each time.
      this.#say(answers, []);
    } else {
      if (this.#owed.size === 0) this.#after(this.#delay(answers), () => this.#pay(records));
      for (const record of answers) this.#owed.add(record);
    }
  }

  #pay(records: ServerRecords): void {
    const answers = [...this.#owed];
    this.#owed.clear();
    this.#say(answers, additionalTo(answers, records));
  }

  #say(answers: readonly DnsRecord[], additionals: readonly DnsRecord[]): void {
    const now = this.#options.clock.now();
    for (const record of answers) this.#saidAt.set(record, now);
    void this.#link.send(response({ answers, additionals }));
  }

  #delay(answers: readonly DnsRecord[]): number {
    const { clock, random } = this.#options;
    const said = Math.max(...answers.map((record) => this.#saidAt.get(record) ?? -Infinity));
    const usual = SHORTEST_DELAY + random() * (LONGEST_DELAY - SHORTEST_DELAY);
    return Math.max(usual, said + PAUSE - clock.now());
  }

  #after(ms: number, callback: () => void): void {
    const cancel = this.#options.clock.after(ms, () => {
      this.#cancels.delete(cancel);
      callback();
    });
    this.#cancels.add(cancel);
  }
}

/** Whether somebody says that the name is theirs. What oneself said comes back, and is no claim. */
function contradicts(record: DnsRecord, { service }: ServerRecords): boolean {
  return record.type === "SRV" && record.ttl > 0 && isSameName(record.name, service.name) &&
    (record.data.port !== service.data.port ||
      !isSameName(record.data.target, service.data.target));
}

/** What is wanted next (RFC 6763, section 12): it all fits one datagram. */
function additionalTo(answers: readonly DnsRecord[], records: ServerRecords): DnsRecord[] {
  return allOf(records).filter((record) =>
    !answers.includes(record) && record !== records.enumeration && record !== records.pointer
  );
}
