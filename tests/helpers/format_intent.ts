/** An intent as the line that stands for it: what `parseLine` reads as the same intent again. */
import { NO_TOPIC } from "../../client/commands/parsers.ts";
import type { ConversationName, Intent } from "../../client/events.ts";
import type { Destination } from "../../protocol/destination.ts";
import { GENERAL, parseConversation } from "../../protocol/names.ts";

export function formatIntent(intent: Intent): string {
  switch (intent.type) {
    case "say":
      return formatSay(intent);
    case "private": {
      const byNumber = intent.to.every((person) => typeof person === "number");
      const list = intent.to.join(",");
      return byNumber ? `${list}: ${intent.text}` : `@${list} ${intent.text}`;
    }
    case "reply":
      return `/r ${intent.text}`;
    case "keys":
      return words("/keys", intent.change, intent.user, intent.passphrase);
    case "secret":
      return words("@secret", intent.to, intent.passphrase, intent.text);
    case "open":
      return words("/open", intent.id, intent.passphrase);
    case "names":
      return "@names";
    case "list":
      return intent.kind === "rooms" ? "/rooms" : "@group list";
    case "members":
      return words("/members", intent.conversation);
    case "join":
      return words("/join", nameOf(intent.conversation));
    case "leave":
      return words("/leave", intent.conversation);
    case "create":
      return isGroup(intent.conversation)
        ? words("@group set", nameOf(intent.conversation), intent.members?.join(","))
        : words("/create", nameOf(intent.conversation), intent.topic);
    case "topic":
      return words("/topic", intent.topic === "" ? NO_TOPIC : intent.topic);
    case "add":
    case "remove":
      return words(`@group ${intent.type}`, nameOf(intent.conversation), intent.users.join(","));
    case "delete":
      return words(
        isGroup(intent.conversation) ? "@group delete" : "/delete",
        nameOf(intent.conversation),
      );
    case "status":
      return words("@status", intent.status);
    case "history":
      return words("/history", intent.place && formatPlace(intent.place), intent.limit);
    case "search":
      return words("/search", intent.words);
    case "invite":
      return words("/invite", intent.uses, minutes(intent.lifetime));
    case "send_file":
      return words("/send", formatTo(intent.to), intent.path);
    case "accept":
    case "cancel":
    case "decline":
      return words(`/${intent.type}`, intent.id);
    case "files":
      return "/files";
    case "sign_in":
      return words(`/${intent.intent}`, intent.user);
    case "help":
      return "/help";
    case "quit":
      return intent.signOut ? "/logout" : "@quit";
  }
}

/** A conversation as a person names it: `#tech`, `group:crew`, `@bob`. */
function formatPlace({ type, name }: ConversationName): string {
  switch (type) {
    case "room":
      return `#${name}`;
    case "group":
      return `group:${name}`;
    case "person":
      return `@${name}`;
  }
}

function formatTo(to: Destination<string | number>): string {
  if ("conversation" in to) {
    return isGroup(to.conversation) ? to.conversation : `#${nameOf(to.conversation)}`;
  }
  const byNumber = to.people.every((person) => typeof person === "number");
  return byNumber ? to.people.join(",") : `@${to.people.join(",")}`;
}

function formatSay({ text, conversation }: Extract<Intent, { type: "say" }>): string {
  if (conversation === undefined) return `/say ${text}`;
  if (conversation === GENERAL) return `0: ${text}`;
  return `@group send ${nameOf(conversation)} ${text}`;
}

function isGroup(conversation: string): boolean {
  return parseConversation(conversation)?.type === "group";
}

function nameOf(conversation: string): string {
  return conversation.slice(conversation.indexOf(":") + 1);
}

function words(...parts: readonly (string | number | undefined)[]): string {
  return parts.filter((part) => part !== undefined).join(" ");
}

/** A span as it is typed. */
function minutes(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : `${Math.ceil(ms / 60_000)}m`;
}
