import assert from "node:assert/strict";
import { dialServer } from "../../../client/session/dial.ts";
import {
  KeyChangedError,
  pinned,
  type Trust,
  UntrustedError,
} from "../../../client/session/trust.ts";
import { TransportError } from "../../../protocol/transport/transport.ts";
import { MemoryEngine } from "../../helpers/memory_engine.ts";

const OTHER = `SHA256:${"A".repeat(43)}`;
const { pin: PIN } = MemoryEngine;

function setUp(trust: Trust) {
  let connections = 0;
  const engine = new MemoryEngine(() => Promise.resolve(void connections++));
  const options: Parameters<typeof dialServer>[0] = {
    engine,
    host: "::1",
    port: 4433,
    trust,
    signal: new AbortController().signal,
  };
  return { engine, options, connections: () => connections };
}

/** An unknown server, about which the user is asked. */
function asking(answer: boolean, asked: string[] = []): Trust {
  return {
    expected: () => Promise.resolve(undefined),
    meet: (pin) => Promise.resolve(asked.push(pin) > 0 && answer),
  };
}

Deno.test("dialServer connects to the server with the expected pin, and says that it was proven", async () => {
  const proven: string[] = [];
  const trust: Trust = {
    ...pinned(PIN),
    proven: (pin) => Promise.resolve(void proven.push(pin)),
  };
  const { options, connections } = setUp(trust);
  const { connection, pin } = await dialServer(options);
  await using _ = connection;
  assert.deepEqual([pin, proven, connections()], [PIN, [PIN], 1]);
});

Deno.test("dialServer refuses another key than expected, and names both", async () => {
  const { options, connections } = setUp(pinned(OTHER, "line 7"));
  await assert.rejects(dialServer(options), (failure) => {
    assert.ok(failure instanceof KeyChangedError);
    for (const part of ["[::1]:4433", PIN, OTHER, "line 7"]) {
      assert.ok(failure.message.includes(part), part);
    }
    return true;
  });
  assert.equal(connections(), 0);
});

Deno.test("dialServer asks about an unknown server with no connection open", async () => {
  const asked: string[] = [];
  const { engine, options, connections } = setUp({
    ...asking(true, asked),
    meet: (pin) => {
      assert.equal(connections(), 0);
      return Promise.resolve(asked.push(pin) === 1);
    },
  });
  const { connection, pin } = await dialServer(options);
  await using _ = connection;
  assert.deepEqual([pin, asked, engine.dials, connections()], [PIN, [PIN], 2, 1]);
});

Deno.test("dialServer says what to do about a server that the user does not trust", async () => {
  const { options, connections } = setUp(asking(false));
  await assert.rejects(dialServer(options), (failure) => {
    assert.ok(failure instanceof UntrustedError);
    assert.match(failure.message, /--accept-new/);
    assert.ok(failure.message.includes(`--pin ${PIN}`));
    return true;
  });
  assert.equal(connections(), 0);
});

Deno.test("dialServer asks for a pin where the engine does not show keys", async () => {
  const asked: string[] = [];
  const { engine, options } = setUp(asking(true, asked));
  engine.dial = () => Promise.reject(new TransportError("certificate", "not shown"));
  await assert.rejects(dialServer(options), (failure) => {
    return failure instanceof UntrustedError && /--pin/.test(failure.message);
  });
  assert.deepEqual(asked, []);
});

Deno.test("dialServer throws what the engine throws", async () => {
  const { engine, options } = setUp(pinned(PIN));
  engine.isDown = true;
  await assert.rejects(dialServer(options), { name: "TransportError", code: "unreachable" });
});
