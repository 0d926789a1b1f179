/** The recipients of a private message: names and numbers, looked up, each once. */
import type { OwnStatus } from "../../protocol/frame.ts";
import { RefusedError } from "../session/refused_error.ts";
import type { Requester } from "../session/requests.ts";

interface Recipients {
  /** Names, each once. */
  readonly names: readonly string[];
  /** Names and numbers that no account has, as the user typed them. */
  readonly unknown: readonly (string | number)[];
}

/**
 * Looks recipients up. A single name is not looked up: sending tells soon enough. Without a
 * connection no name is: the messages wait, and so does the lookup. Throws `RefusedError`.
 */
export async function findRecipients(
  to: readonly (string | number)[],
  session: Requester,
): Promise<Recipients> {
  const names = to.filter((who) => typeof who === "string");
  const allNamed = names.length === to.length;
  if (allNamed && (to.length === 1 || !session.allows("resolve"))) return { names, unknown: [] };
  const answer = await session.request({ type: "resolve", users: [...to] });
  const users = answer.flatMap(({ users }) => users);
  return {
    names: [...new Set(users.map(({ name }) => name))],
    unknown: answer.flatMap(({ unknown }) => unknown),
  };
}

/** The status of an account that is online, as others see it. Throws `RefusedError`. */
export async function fetchStatus(
  name: string,
  session: Pick<Requester, "request">,
): Promise<OwnStatus> {
  const [answer] = await session.request({ type: "resolve", users: [name] });
  const status = answer?.users[0]?.status;
  if (status === undefined) throw new RefusedError("unknown_user", "The server does not know you.");
  if (status === "offline") {
    const text = "The server takes you for offline. Set your status with @status normal.";
    throw new RefusedError("no_answer", text);
  }
  return status;
}

/** Names the recipients that do not exist. */
export function unknownText(unknown: readonly (string | number)[]): string {
  const names = unknown.map((one) => typeof one === "number" ? `number ${one}` : one).join(", ");
  return `Nothing was sent to ${names}: no account has that name or number.`;
}
