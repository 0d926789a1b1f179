/**
 * The status line: the current room, own status, what was missed, unread messages elsewhere, the
 * connection, and who is online. In a narrow window the least important parts are shortened. Pure.
 */
import type { State } from "../state.ts";
import { conversationLabel, statusLabel, userName } from "../labels.ts";
import { cells, fit } from "./graphemes.ts";
import { inverse } from "./style.ts";

interface Status {
  readonly state: State;
  readonly columns: number;
  /** Seconds until the next attempt to connect. */
  readonly retryIn: number | undefined;
  readonly missed: Missed | undefined;
}

/** Messages that arrived while the window had no focus. */
export interface Missed {
  readonly count: number;
  /** A time of day. */
  readonly since: string;
}

/** A part of the status line, in each way to say it: the longest first. */
interface Part {
  readonly ways: readonly string[];
  /** Parts of less weight are shortened first. */
  readonly weight: number;
}

const SEPARATOR = " · ";

export function statusRow(status: Status): string {
  const { columns } = status;
  if (columns < 4) return "";
  const room = columns - 2;
  const parts = fitParts(partsOf(status), room).filter((text) => text !== "");
  const text = fit(parts.join(SEPARATOR), room);
  return inverse(` ${text}${" ".repeat(Math.max(0, room - cells(text)))} `);
}

/**
 * One way for each part, so that all fit: the least important part is shortened until the rest has
 * room. An empty way leaves the part out.
 */
export function fitParts(parts: readonly Part[], columns: number): string[] {
  const chosen = parts.map(() => 0);
  const texts = () => parts.map(({ ways }, index) => ways[chosen[index] ?? 0] ?? "");
  const width = () => {
    const words = texts().filter((way) => way !== "");
    return words.reduce((sum, way) => sum + cells(way), cells(SEPARATOR) * (words.length - 1));
  };
  const order = parts.map((_, index) => index)
    .sort((one, other) => (parts[one]?.weight ?? 0) - (parts[other]?.weight ?? 0));
  for (const index of order) {
    while (width() > columns && (chosen[index] ?? 0) < (parts[index]?.ways.length ?? 1) - 1) {
      chosen[index] = (chosen[index] ?? 0) + 1;
    }
  }
  return texts();
}

function partsOf({ state, retryIn, missed }: Status): Part[] {
  return [
    {
      ways: [state.room === undefined ? "in no room" : conversationLabel(state, state.room)],
      weight: 3,
    },
    { ways: [ownStatus(state)], weight: 3 },
    { ways: missedWays(missed), weight: 2 },
    { ways: unreadWays(state), weight: 2 },
    { ways: connectionWays(state, retryIn), weight: 1 },
    { ways: peopleWays(state), weight: 0 },
  ];
}

/** `dnd` or `away`, as a reminder. */
function ownStatus({ people, user }: State): string {
  const status = people.get(user ?? "")?.status ?? "normal";
  return status === "normal" ? "" : statusLabel(status);
}

function missedWays(missed: Missed | undefined): string[] {
  if (missed === undefined) return [""];
  return [`${missed.count} new since ${missed.since}`, `${missed.count} new`];
}

/** `3 #tech, 1 bob`. */
function unreadWays(state: State): string[] {
  const { unread } = state;
  if (unread.size === 0) return [""];
  const all = [...unread].map(([conversation, count]) =>
    `${count} ${conversationLabel(state, conversation)}`
  );
  const sum = [...unread.values()].reduce((total, count) => total + count, 0);
  return [all.join(", "), `${sum} unread`, `+${sum}`];
}

/** `ann, bob (away)`. Without a connection it is unknown who is online. */
function peopleWays({ connection, people, user }: State): string[] {
  if (connection !== "connected") return [""];
  const others = [...people].filter(([who]) => who !== user).map(([who, { status }]) =>
    status === "normal" ? userName(who) : `${userName(who)} (${statusLabel(status)})`
  );
  if (others.length === 0) return ["nobody else is online", "alone", ""];
  const some = [8, 4, 2].filter((many) => many < others.length)
    .map((many) => `${others.slice(0, many).join(", ")} +${others.length - many}`);
  return [...others.length <= 8 ? [others.join(", ")] : [], ...some, `${others.length} online`, ""];
}

function connectionWays(state: State, retryIn: number | undefined): string[] {
  switch (state.connection) {
    case "connecting":
      return ["connecting", "…"];
    case "reconnecting":
      return retryIn === undefined || retryIn <= 0
        ? ["reconnecting now", "offline"]
        : [`reconnecting in ${retryIn} s`, `offline, ${retryIn} s`, "offline"];
    case "closed":
      return ["closed"];
    case "connected": {
      const way = state.transport ?? "connected";
      return state.roundTrip === undefined
        ? [way, ""]
        : [`${way} ${Math.round(state.roundTrip)} ms`, way, ""];
    }
  }
}
