/** Several people in a server without sockets, asking for things. */
import type { RequestFields } from "../../protocol/session/client.ts";
import { settle } from "./fake_clock.ts";
import type { TestPeer } from "./peer.ts";
import { codeOf, type startSocketless } from "./socketless.ts";

type Server = Awaited<ReturnType<typeof startSocketless>>;

/** People who are signed in, each with one session, and have heard of each other. */
export async function signInAll<Name extends string>(server: Server, ...names: Name[]) {
  const peers = {} as Record<Name, TestPeer>;
  for (const name of names) peers[name] = await server.signIn(name);
  await server.pass(100);
  for (const name of names) peers[name].look();
  return peers;
}

/** Asks, lets everyone hear of it, and returns the answer's code or type. */
export async function askCode(peer: TestPeer, fields: RequestFields): Promise<string> {
  const answer = await peer.ask(fields);
  await settle();
  return codeOf(answer);
}

export async function membersOf(server: Server, conversation: string): Promise<string[]> {
  return (await server.store.conversations.members(conversation)).map(({ name }) => name);
}
