/**
 * A bot in TypeScript, on the headless client. It answers `!roll 2d6` with the result, in its rooms
 * and in private messages.
 *
 *     deno run -A examples/bots/dice.ts NAME@HOST[:PORT] PIN PASSWORD_FILE [ROOM...]
 *
 * It reconnects by itself, and then answers what it has missed.
 */
import { randomInt } from "node:crypto";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { parseServerAddress } from "../../cli/server_address.ts";
import { Chat } from "../../client/chat.ts";
import { clientEngine } from "../../client/platform/engine.ts";
import { fixedCredentials } from "../../client/session/prompts.ts";
import { pinned } from "../../client/session/trust.ts";
import { DEFAULT_PORT } from "../../protocol/host_port.ts";

const [server = "", pin = "", passwordFile = "", ...rooms] = process.argv.slice(2);
const { host, port = DEFAULT_PORT, user = "dice" } = parseServerAddress(server);
const password = (await readFile(passwordFile, "utf8")).trim();

const chat = new Chat({
  engine: await clientEngine("auto", console.error),
  host,
  port,
  user,
  trust: pinned(pin),
  prompts: fixedCredentials({ user, password }),
});
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void chat.leave());
for (const room of rooms) void chat.do({ type: "join", conversation: `room:${room}` });

// Events MUST be read: the client reads no more from the network than is read here.
for await (const event of chat.events) {
  if (event.event === "message") {
    const text = answerTo(event.text);
    const { conversation, from } = event;
    if (text !== undefined) void chat.do({ type: "say", conversation, text: `${from}: ${text}` });
  } else if (event.event === "error" || event.event === "closed") {
    console.error(`${event.code}: ${event.message}`);
  }
}

/** People can write anything: the text is checked before it is used. */
function answerTo(text: string): string | undefined {
  if (!text.startsWith("!roll")) return undefined;
  const [roll, count, sides = "6"] = /^!roll(?: (\d{0,2})d(\d{1,3}))?$/.exec(text) ?? [];
  const dice = Number(count || 1);
  if (roll === undefined || dice < 1 || Number(sides) < 2) return "write !roll, or !roll 2d6.";
  const rolls = Array.from({ length: dice }, () => randomInt(1, Number(sides) + 1));
  return rolls.length === 1
    ? `${rolls[0]}`
    : `${rolls.join(" + ")} = ${rolls.reduce((sum, roll) => sum + roll, 0)}`;
}
