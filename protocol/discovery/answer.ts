/**
 * What is said to a query: which of one's records it asks for and does not know yet. Pure; when to
 * say it is for `responder.ts` to decide.
 */
import {
  type DnsMessage,
  type DnsRecord,
  isSameName,
  MDNS_PORT,
  type Question,
  response,
} from "./message.ts";

/** Seconds that simple resolvers, which hear no goodbye, may keep an answer (section 6.7). */
const SIMPLE_TTL = 10;

/** Of `records`, those that the query asks for, but for those that the asker has (section 7.1). */
export function answersTo(query: DnsMessage, records: readonly DnsRecord[]): DnsRecord[] {
  return records.filter((record) =>
    query.questions.some((question) => asksFor(question, record)) &&
    !query.answers.some((known) => suppresses(known, record))
  );
}

/** Whether the asker is no multicast DNS resolver, and waits for an answer to itself alone. */
export function isSimple(from: { readonly port: number }): boolean {
  return from.port !== MDNS_PORT;
}

/** An answer as a simple resolver wants it: with its ID and its question (RFC 6762, section 6.7). */
export function simpleResponse(
  { id, questions }: DnsMessage,
  answers: readonly DnsRecord[],
  additionals: readonly DnsRecord[],
): DnsMessage {
  const plain = (record: DnsRecord): DnsRecord => ({
    ...record,
    ttl: Math.min(record.ttl, SIMPLE_TTL),
    flush: false,
  });
  return response({
    id,
    questions: questions.slice(0, 1),
    answers: answers.map(plain),
    additionals: additionals.map(plain),
  });
}

function asksFor({ name, type }: Question, record: DnsRecord): boolean {
  return (type === "ANY" || type === record.type) && isSameName(name, record.name);
}

/** Only what is shared is worth suppressing: of everything else there is one holder. */
function suppresses(known: DnsRecord, record: DnsRecord): boolean {
  return known.type === "PTR" && record.type === "PTR" && known.ttl >= record.ttl / 2 &&
    isSameName(known.name, record.name) && isSameName(known.data, record.data);
}
