/** The line that says where one is: room, what is unread elsewhere, who is online, connection. */
import { createElement, type ReactElement } from "react";
import type { State } from "../state.ts";
import { label, name } from "../wording.ts";
import { cells, fit } from "./graphemes.ts";
import { fitParts, type Part } from "./layout.ts";
import { Row } from "./row.ts";
import { inverse } from "./style.ts";

export interface StatusLineProps {
  readonly state: State;
  readonly columns: number;
  /** Seconds until the next attempt to connect. */
  readonly retryIn: number | undefined;
  readonly missed: Missed | undefined;
}

/** What came while nobody looked. */
export interface Missed {
  readonly count: number;
  /** A time of day. */
  readonly since: string;
}

export function StatusLine(props: StatusLineProps): ReactElement {
  const { columns } = props;
  const text = statusText({ ...props, columns: columns - 2 });
  const padding = " ".repeat(Math.max(0, columns - 2 - cells(text)));
  const row = columns < 4 ? "" : inverse(` ${text}${padding} `);
  return createElement(Row, { text: row, columns });
}

/** As much as fits. */
function statusText({ state, columns, retryIn, missed }: StatusLineProps): string {
  const parts: Part[] = [
    { ways: [state.room === undefined ? "in no room" : label(state, state.room)], weight: 3 },
    { ways: [ownStatus(state)], weight: 3 },
    { ways: missedWays(missed), weight: 2 },
    { ways: unreadWays(state), weight: 2 },
    { ways: connectionWays(state, retryIn), weight: 1 },
    { ways: peopleWays(state), weight: 0 },
  ];
  return fit(fitParts(parts, columns).filter((text) => text !== "").join(" · "), columns);
}

/** `dnd`: so that nobody forgets it. */
function ownStatus({ people, user }: State): string {
  const status = people.get(user ?? "")?.status ?? "normal";
  return status === "normal" ? "" : name(status);
}

function missedWays(missed: Missed | undefined): string[] {
  if (missed === undefined) return [""];
  return [`${missed.count} new since ${missed.since}`, `${missed.count} new`];
}

/** `3 #tech, 1 bob`. */
function unreadWays(state: State): string[] {
  const { unread } = state;
  if (unread.size === 0) return [""];
  const all = [...unread].map(([conversation, count]) => `${count} ${label(state, conversation)}`);
  const sum = [...unread.values()].reduce((total, count) => total + count, 0);
  return [all.join(", "), `${sum} unread`, `+${sum}`];
}

/** `ann, bob (away)`; without a connection nobody knows. */
function peopleWays({ connection, people, user }: State): string[] {
  if (connection !== "connected") return [""];
  const others = [...people].filter(([who]) => who !== user).map(([who, { status }]) =>
    status === "normal" ? name(who) : `${name(who)} (${name(status)})`
  );
  if (others.length === 0) return ["nobody else is here", "alone", ""];
  const some = [8, 4, 2].filter((many) => many < others.length)
    .map((many) => `${others.slice(0, many).join(", ")} +${others.length - many}`);
  return [others.length <= 8 ? others.join(", ") : "", ...some, `${others.length} here`, ""]
    .filter((way, index, ways) => way !== "" || index === ways.length - 1);
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
