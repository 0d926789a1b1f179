/** Commands that ask the server for one thing, or set it: the status, an invitation. */
import { formatInviteLine } from "../../protocol/invite_line.ts";
import type { ChatEvent, Intent } from "../events.ts";
import { RefusedError } from "../session/refused_error.ts";
import type { CurrentSession } from "../session/signed_in_session.ts";
import { isoTime } from "./content.ts";
import { fetchStatus } from "./recipients.ts";

type QueryIntent = Extract<Intent, { type: "status" | "invite" }>;

/** Resolves with the answer, as one event. Throws `RefusedError`. */
export async function answerQuery(
  intent: QueryIntent,
  account: string,
  session: Pick<CurrentSession, "allows" | "request" | "server">,
): Promise<ChatEvent> {
  if (intent.type === "invite") return await invite(intent, session);
  const { status } = intent;
  if (status === undefined) {
    return { event: "status", status: await fetchStatus(account, session) };
  }
  await session.request({ type: "status", status });
  return { event: "status", status };
}

async function invite(
  { uses, lifetime }: Extract<QueryIntent, { type: "invite" }>,
  session: Pick<CurrentSession, "request" | "server">,
): Promise<ChatEvent> {
  const [invitation] = await session.request({
    type: "invite",
    ...(uses !== undefined && { uses }),
    ...(lifetime !== undefined && { lifetime }),
  });
  if (invitation === undefined) throw new RefusedError("no_answer", "The server gave no code.");
  const { code, uses: left, expires } = invitation;
  const line = formatInviteLine({ ...session.server, code });
  return { event: "invite", line, uses: left, expires: isoTime(expires) };
}
