/** Which records answer a query. Pure; `Responder` decides when to send them. */
import {
  type DnsMessage,
  type DnsRecord,
  isSameName,
  MDNS_PORT,
  type Question,
  response,
} from "./message.ts";

/** Seconds that a legacy resolver may cache an answer: it hears no goodbye (section 6.7). */
const LEGACY_TTL = 10;

/** The records that the query asks for, without those that the asker has (section 7.1). */
export function answersTo(query: DnsMessage, records: readonly DnsRecord[]): DnsRecord[] {
  return records.filter((record) =>
    query.questions.some((question) => asksFor(question, record)) &&
    !query.answers.some((known) => suppresses(known, record))
  );
}

/** Whether the query comes from a legacy resolver, which needs a unicast answer (section 6.7). */
export function isLegacyQuery(from: { readonly port: number }): boolean {
  return from.port !== MDNS_PORT;
}

/**
 * The answer for a legacy resolver: with its ID and its question (RFC 6762, section 6.7). Of several
 * questions it is the first that is answered, so that no other name comes back.
 */
export function legacyResponse(
  { id, questions }: DnsMessage,
  answers: readonly DnsRecord[],
  additionals: readonly DnsRecord[],
): DnsMessage {
  const plain = (record: DnsRecord): DnsRecord => ({
    ...record,
    ttl: Math.min(record.ttl, LEGACY_TTL),
    flush: false,
  });
  return response({
    id,
    questions: questions.filter((one) => answers.some((record) => asksFor(one, record))).slice(
      0,
      1,
    ),
    answers: answers.map(plain),
    additionals: additionals.map(plain),
  });
}

function asksFor({ name, type }: Question, record: DnsRecord): boolean {
  return (type === "ANY" || type === record.type) && isSameName(name, record.name);
}

/** Only shared records are worth suppressing: every other record has one owner. */
function suppresses(known: DnsRecord, record: DnsRecord): boolean {
  return known.type === "PTR" && record.type === "PTR" && known.ttl >= record.ttl / 2 &&
    isSameName(known.name, record.name) && isSameName(known.data, record.data);
}
