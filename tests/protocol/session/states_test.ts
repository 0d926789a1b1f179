import assert from "node:assert/strict";
import {
  nextState,
  PREVIOUS,
  type SessionEvent,
  type State,
  StateMachine,
  STATES,
  TRANSITIONS,
} from "../../../protocol/session/states.ts";

const ALL_STATES = Object.keys(STATES) as State[];
const EVENTS = Object.keys(TRANSITIONS) as SessionEvent[];

/** Events that bring a fresh machine into each state. */
const PATHS: Readonly<Record<State, readonly SessionEvent[]>> = {
  DISCONNECTED: [],
  CONNECTING: ["open"],
  CONNECTED: ["open", "agree"],
  AUTHENTICATED: ["open", "agree", "sign_in"],
  SENDING: ["open", "agree", "sign_in", "send"],
  DISCONNECTING: ["open", "leave"],
  ERROR: ["open", "agree", "fault"],
};

/** All transitions, repeated here so that the table cannot change unnoticed. */
const EXPECTED: readonly (readonly [State, SessionEvent, State | typeof PREVIOUS])[] = [
  ["DISCONNECTED", "open", "CONNECTING"],
  ["CONNECTING", "agree", "CONNECTED"],
  ["CONNECTING", "fault", "ERROR"],
  ["CONNECTING", "leave", "DISCONNECTING"],
  ["CONNECTING", "close", "DISCONNECTED"],
  ["CONNECTED", "sign_in", "AUTHENTICATED"],
  ["CONNECTED", "fault", "ERROR"],
  ["CONNECTED", "leave", "DISCONNECTING"],
  ["CONNECTED", "close", "DISCONNECTED"],
  ["AUTHENTICATED", "send", "SENDING"],
  ["AUTHENTICATED", "fault", "ERROR"],
  ["AUTHENTICATED", "leave", "DISCONNECTING"],
  ["AUTHENTICATED", "close", "DISCONNECTED"],
  ["SENDING", "send", "SENDING"],
  ["SENDING", "settle", "AUTHENTICATED"],
  ["SENDING", "fault", "ERROR"],
  ["SENDING", "leave", "DISCONNECTING"],
  ["SENDING", "close", "DISCONNECTED"],
  ["ERROR", "recover", PREVIOUS],
  ["ERROR", "give_up", "DISCONNECTING"],
  ["DISCONNECTING", "close", "DISCONNECTED"],
];

function machineIn(state: State): StateMachine {
  const machine = new StateMachine();
  for (const event of PATHS[state]) machine.fire(event);
  assert.equal(machine.state, state);
  return machine;
}

Deno.test("StateMachine walks every transition of the table", () => {
  for (const [from, event, to] of EXPECTED) {
    const machine = machineIn(from);
    assert.equal(machine.can(event), true);
    machine.fire(event);
    // The fault on the way into ERROR happened in CONNECTED.
    assert.equal(machine.state, to === PREVIOUS ? "CONNECTED" : to, `${from} ${event}`);
  }
});

Deno.test("StateMachine refuses every other transition and stays where it is", () => {
  let refused = 0;
  for (const state of ALL_STATES) {
    for (const event of EVENTS) {
      if (EXPECTED.some(([from, name]) => from === state && name === event)) continue;
      const machine = machineIn(state);
      assert.equal(machine.can(event), false);
      assert.throws(() => machine.fire(event), {
        message: `Cannot ${event}: current state is ${state}`,
      });
      assert.equal(machine.state, state);
      refused++;
    }
  }
  assert.equal(refused, ALL_STATES.length * EVENTS.length - EXPECTED.length);
});

Deno.test("StateMachine recovers from ERROR to the state in which the fault happened", () => {
  for (const state of ["CONNECTING", "CONNECTED", "AUTHENTICATED", "SENDING"] as const) {
    const machine = machineIn(state);
    machine.fire("fault");
    assert.equal(machine.state, "ERROR");
    machine.fire("recover");
    assert.equal(machine.state, state);
  }
});

Deno.test("TRANSITIONS lead to every state, and out of every state", () => {
  const reached = new Set<State>(["DISCONNECTED"]);
  for (let before = 0; before < reached.size;) {
    before = reached.size;
    for (const state of [...reached]) {
      for (const event of EVENTS) {
        const next = nextState(state, event);
        if (next !== undefined && next !== PREVIOUS) reached.add(next);
      }
    }
  }
  assert.deepEqual([...reached].sort(), [...ALL_STATES].sort());
  for (const state of ALL_STATES) {
    assert.ok(EVENTS.some((event) => nextState(state, event) !== undefined), state);
  }
});
