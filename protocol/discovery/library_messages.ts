/**
 * Converts between the library's messages and ours. A decoded message comes from the network: each
 * value is checked, and records of other kinds are left out.
 */
import { Buffer } from "node:buffer";
import { isIPv4, isIPv6 } from "node:net";
import type { FullPacket } from "multicast-dns";
import type { DnsMessage, DnsRecord, Question } from "./message.ts";

type LibraryRecord = NonNullable<FullPacket["answers"]>[number];
type LibraryQuestion = NonNullable<FullPacket["questions"]>[number];

const ASKED: readonly Question["type"][] = ["PTR", "SRV", "TXT", "A", "AAAA", "ANY"];

export function toLibrary({ id, questions, answers, authorities, additionals }: DnsMessage) {
  return {
    id,
    // The library knows ANY; its types do not.
    questions: questions.map(({ name, type }) => ({ name, type: type as LibraryQuestion["type"] })),
    answers: answers.map(recordToLibrary),
    authorities: authorities.map(recordToLibrary),
    additionals: additionals.map(recordToLibrary),
  };
}

export function fromLibrary(packet: FullPacket, type: DnsMessage["type"]): DnsMessage {
  return {
    type,
    id: packet.id ?? 0,
    questions: packet.questions?.flatMap(readQuestion) ?? [],
    answers: packet.answers?.flatMap(readRecord) ?? [],
    authorities: packet.authorities?.flatMap(readRecord) ?? [],
    additionals: packet.additionals?.flatMap(readRecord) ?? [],
  };
}

function recordToLibrary(record: DnsRecord): LibraryRecord {
  if (record.type !== "TXT") return record;
  return { ...record, data: record.data.map((bytes) => Buffer.from(bytes)) };
}

/** Ignores the class: the library takes the unicast-response bit for a part of it. */
function readQuestion({ name, type }: LibraryQuestion): Question[] {
  const asked: string = type;
  const known = ASKED.find((one) => one === asked);
  return known === undefined ? [] : [{ name, type: known }];
}

function readRecord(record: LibraryRecord): DnsRecord[] {
  if (record.type === "OPT") return [];
  const owned = { name: record.name, ttl: record.ttl ?? 0, flush: record.flush ?? false };
  switch (record.type) {
    case "PTR":
      return [{ ...owned, type: "PTR", data: record.data }];
    case "A":
      return isIPv4(record.data) ? [{ ...owned, type: "A", data: record.data }] : [];
    case "AAAA":
      return isIPv6(record.data) ? [{ ...owned, type: "AAAA", data: record.data }] : [];
    case "SRV": {
      const { target, port } = record.data;
      return [{ ...owned, type: "SRV", data: { target, port } }];
    }
    case "TXT": {
      const strings = Array.isArray(record.data) ? record.data : [record.data];
      return [{ ...owned, type: "TXT", data: strings.map((text) => Buffer.from(text)) }];
    }
    default:
      return [];
  }
}
