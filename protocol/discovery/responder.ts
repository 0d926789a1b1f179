/**
 * The multicast DNS responder of one server on one link (RFC 6762): it probes for its name,
 * announces, answers queries, and says goodbye. It chooses no names, and opens no sockets.
 *
 * When two servers probe for a name at the same time, both give way. To compare their records
 * (section 8.2) would only save one of them a longer name.
 */
import type { Clock } from "../clock.ts";
import { answersTo, isLegacyQuery, legacyResponse } from "./query_answers.ts";
import type { RemoteAddress } from "./datagram_filter.ts";
import type { NetworkLink } from "./links.ts";
import { type DnsMessage, type DnsRecord, isSameName, query, response } from "./message.ts";
import { allOf, type ServerRecords } from "./records.ts";

/** Section 8.1: after a random time, since machines may start together. */
const PROBES = 3;
const PROBE_INTERVAL = 250;
/** Section 8.3: at least twice. */
const ANNOUNCEMENT_INTERVAL = 1_000;
/** Section 6: a random delay, since others may answer the same question. */
const MIN_DELAY = 20;
const MAX_DELAY = 120;
/** Section 6: no record is sent again within a second. */
const REPEAT_INTERVAL = 1_000;

interface ResponderOptions {
  readonly clock: Clock;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** Another server has the name. */
  readonly onConflict: () => void;
}

export class Responder {
  readonly #link: NetworkLink;
  readonly #options: ResponderOptions;
  readonly #cancels = new Set<() => void>();
  /** Records to send after the delay. */
  readonly #pending = new Set<DnsRecord>();
  readonly #sentAt = new Map<DnsRecord, number>();
  #records: ServerRecords | undefined;
  #state: "silent" | "probing" | "answering" = "silent";

  constructor(link: NetworkLink, options: ResponderOptions) {
    this.#link = link;
    this.#options = options;
  }

  /** Probes for the name of the records, then announces them. Also changes the name. */
  claim(records: ServerRecords): void {
    this.stop();
    this.#records = records;
    this.#state = "probing";
    this.#after(this.#options.random() * PROBE_INTERVAL, () => this.#probe(1));
  }

  /** Announces changed records. The name stays. */
  update(records: ServerRecords): void {
    const answering = this.#state === "answering";
    this.#records = records;
    if (answering) this.#announce();
  }

  received(message: DnsMessage, from: RemoteAddress): void {
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

  /** Says goodbye (section 10.1), if the records were announced. */
  async withdraw(): Promise<void> {
    const records = this.#records;
    const answering = this.#state === "answering";
    this.stop();
    if (records === undefined || !answering) return;
    // The enumeration belongs to all servers.
    const gone = allOf(records).filter((record) => record !== records.enumeration);
    await this.#link.send(response({ answers: gone.map((record) => ({ ...record, ttl: 0 })) }));
  }

  /** Stops at once, without a goodbye. */
  stop(): void {
    this.#state = "silent";
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
    this.#pending.clear();
    this.#sentAt.clear();
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
    this.stop();
    this.#state = "answering";
    this.#sendAll();
    this.#after(ANNOUNCEMENT_INTERVAL, () => this.#sendAll());
  }

  #sendAll(): void {
    if (this.#records !== undefined) this.#send(allOf(this.#records), []);
  }

  #answer(message: DnsMessage, from: RemoteAddress, records: ServerRecords): void {
    const answers = answersTo(message, allOf(records));
    if (answers.length === 0) return;
    if (isLegacyQuery(from)) {
      const others = additionalTo(answers, records);
      void this.#link.send(legacyResponse(message, answers, others), from);
    } else if (message.authorities.length > 0) {
      // Another responder probes for the name: answer at once, and each time (section 8.1).
      this.#send(answers, []);
    } else {
      if (this.#pending.size === 0) {
        this.#after(this.#delay(answers), () => this.#sendPending(records));
      }
      for (const record of answers) this.#pending.add(record);
    }
  }

  #sendPending(records: ServerRecords): void {
    const answers = [...this.#pending];
    this.#pending.clear();
    this.#send(answers, additionalTo(answers, records));
  }

  #send(answers: readonly DnsRecord[], additionals: readonly DnsRecord[]): void {
    const now = this.#options.clock.now();
    for (const record of answers) this.#sentAt.set(record, now);
    void this.#link.send(response({ answers, additionals }));
  }

  #delay(answers: readonly DnsRecord[]): number {
    const { clock, random } = this.#options;
    const sent = Math.max(...answers.map((record) => this.#sentAt.get(record) ?? -Infinity));
    const usual = MIN_DELAY + random() * (MAX_DELAY - MIN_DELAY);
    return Math.max(usual, sent + REPEAT_INTERVAL - clock.now());
  }

  #after(ms: number, callback: () => void): void {
    const cancel = this.#options.clock.after(ms, () => {
      this.#cancels.delete(cancel);
      callback();
    });
    this.#cancels.add(cancel);
  }
}

/** Whether another server has the name. Our own records come back too, and are no conflict. */
function contradicts(record: DnsRecord, { service }: ServerRecords): boolean {
  return record.type === "SRV" && record.ttl > 0 && isSameName(record.name, service.name) &&
    (record.data.port !== service.data.port ||
      !isSameName(record.data.target, service.data.target));
}

/** The records that an asker needs next (RFC 6763, section 12). They fit one datagram. */
function additionalTo(answers: readonly DnsRecord[], records: ServerRecords): DnsRecord[] {
  return allOf(records).filter((record) =>
    !answers.includes(record) && record !== records.enumeration && record !== records.pointer
  );
}
