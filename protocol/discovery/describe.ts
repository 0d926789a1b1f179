/** A found server as text for users. Pure. */
import { formatHostPort } from "../host_port.ts";
import type { FoundServer } from "./catalogue.ts";

/** For example `Lab: 3 people online; rooms: general, tech and 5 more`. */
export function describeServer({ name, people, rooms, moreRooms }: FoundServer): string {
  const facts = [
    ...(people === undefined ? [] : [`${countPeople(people)} online`]),
    ...(rooms.length === 0 ? [] : [`rooms: ${rooms.join(", ")}${andMore(moreRooms)}`]),
  ];
  return facts.length === 0 ? name : `${name}: ${facts.join("; ")}`;
}

/** The best address, as users type it. */
export function addressOf({ addresses: [address], port }: FoundServer): string {
  return formatHostPort(address, port);
}

function countPeople(people: number): string {
  if (people === 0) return "nobody";
  return people === 1 ? "1 person" : `${people} people`;
}

function andMore(rooms: number): string {
  return rooms === 0 ? "" : ` and ${rooms} more`;
}
