/**
 * Whom a private message is for: names and numbers, made into people who exist, each once. Who
 * does not exist is told by name.
 */
import { RefusedError, type Requests } from "../session/requests.ts";

export interface Recipients {
  /** Names, each once. */
  readonly names: readonly string[];
  /** As they were typed. */
  readonly unknown: readonly (string | number)[];
}

/**
 * One name alone is not looked up: sending tells soon enough. Nor are names without a connection:
 * what is said to them waits, like everything. Throws `RefusedError`.
 */
export async function recipientsOf(
  to: readonly (string | number)[],
  asking: Pick<Requests, "ask" | "can">,
): Promise<Recipients> {
  const names = to.filter((who) => typeof who === "string");
  const allNamed = names.length === to.length;
  if (allNamed && (to.length === 1 || !asking.can("resolve"))) return { names, unknown: [] };
  const answer = await asking.ask<"resolve">({ type: "resolve", users: [...to] });
  const users = answer.flatMap(({ users }) => users);
  return {
    names: [...new Set(users.map(({ name }) => name))],
    unknown: answer.flatMap(({ unknown }) => unknown),
  };
}

/** One's own status, as others see it. Throws `RefusedError`. */
export async function statusOf(name: string, asking: Pick<Requests, "ask">): Promise<string> {
  const [answer] = await asking.ask<"resolve">({ type: "resolve", users: [name] });
  const status = answer?.users[0]?.status;
  if (status === undefined) throw new RefusedError("unknown_user", "The server does not know you.");
  return status;
}

/** Says who does not exist. */
export function unknownText(unknown: readonly (string | number)[]): string {
  const who = unknown.map((one) => typeof one === "number" ? `number ${one}` : one).join(", ");
  return `Nothing was sent to ${who}: there is nobody of that name or number.`;
}
