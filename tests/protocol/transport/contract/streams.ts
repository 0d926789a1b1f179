/** Rules 1, 2, 6 and 7: what streams do. */
import assert from "node:assert/strict";
import {
  type Connection,
  type Engine,
  type Stream,
  StreamError,
} from "../../../../protocol/transport/transport.ts";
import {
  acceptedStream,
  bytes,
  connect,
  echo,
  echoAll,
  equalBytes,
  hello,
  openPair,
  pattern,
  readAll,
  roundTrip,
  staysPending,
  type Subject,
  testsOf,
} from "./pair.ts";
import { within } from "../../../helpers/within.ts";

const MIB = 1024 * 1024;
const RESET = 77;

export function streamContract(subject: Subject): void {
  writingTests(subject);
  flowControlTests(subject);
  resetTests(subject);
  streamLimitTests(subject);
}

function writingTests(subject: Subject): void {
  const test = testsOf(subject);

  test("Stream carries bytes both ways, whoever opens it", async () => {
    await using pair = await connect(subject);
    const [one, other] = await openPair(pair.client, pair.server);
    void echo(other);
    for (let round = 0; round < 20; round++) await roundTrip(one, `line ${round}`);

    const [back, there] = await openPair(pair.server, pair.client);
    void echo(there);
    for (let round = 0; round < 20; round++) await roundTrip(back, `line ${round}`);
  });

  test("Stream.id is the QUIC stream's, and the same at both ends", async () => {
    await using pair = await connect(subject);
    for (const expected of [0, 4]) {
      const [one, other] = await openPair(pair.client, pair.server);
      assert.deepEqual([one.id, other.id], [expected, expected]);
    }
    if (!subject.nature.serversOpen) {
      await assert.rejects(pair.server.openStream(), {
        name: "TransportError",
        code: "unsupported",
      });
      return;
    }
    for (const expected of [1, 5]) {
      const [one, other] = await openPair(pair.server, pair.client);
      assert.deepEqual([one.id, other.id], [expected, expected]);
    }
  });

  test("Stream.write carries megabytes both ways at once, and leaves chunks as they are", async () => {
    await using pair = await connect(subject);
    const [one, other] = await openPair(pair.client, pair.server);
    const sent = [pattern(4 * MIB, 1), pattern(4 * MIB, 2)] as const;
    const writeAll = async (stream: Stream, whole: Uint8Array) => {
      for (let at = 0; at < whole.byteLength; at += 65_000) {
        await stream.write(whole.subarray(at, at + 65_000));
      }
      await stream.end();
    };
    const [, , toOne, toOther] = await within(
      Promise.all([
        writeAll(one, sent[0]),
        writeAll(other, sent[1]),
        readAll(one),
        readAll(other),
      ]),
      "eight megabytes",
    );
    assert.ok(equalBytes(toOther, sent[0]));
    assert.ok(equalBytes(toOne, sent[1]));
    assert.ok(equalBytes(sent[0], pattern(4 * MIB, 1)), "the engine has changed a chunk");
  });

  test("Stream.write takes one chunk for many streams", async () => {
    await using pair = await connect(subject);
    void echoAll(pair.server);
    const shared = pattern(3000);
    const streams = await Promise.all(Array.from({ length: 8 }, () => pair.client.openStream()));
    await Promise.all(streams.map((stream) => stream.write(shared)));
    await Promise.all(streams.map((stream) => stream.end()));
    for (const stream of streams) assert.ok(equalBytes(await readAll(stream), pattern(3000)));
  });
}

function flowControlTests(subject: Subject): void {
  const test = testsOf(subject);

  for (const sender of ["client", "server"] as const) {
    test(`Stream.write of the ${sender} waits while the other end does not read`, async () => {
      await using pair = await connect(subject);
      const [from, to] = sender === "client"
        ? [pair.client, pair.server] as const
        : [pair.server, pair.client] as const;
      const [writing, reading] = await openPair(from, to);
      const chunk = pattern(64 * 1024);
      let taken = 0;
      const all = 16 * MIB;
      const done = (async () => {
        for (; taken < all; taken += chunk.byteLength) await writing.write(chunk);
        await writing.end();
      })();

      let before = -1;
      while (before !== taken) {
        before = taken;
        await staysPending(done, 100);
      }
      assert.ok(taken < 12 * MIB, `${taken} bytes were taken though nobody reads`);

      // One slow stream holds up no other.
      const [quick, echoing] = await openPair(from, to);
      void echo(echoing);
      await roundTrip(quick, "still here");

      const whole = await readAll(reading);
      await done;
      assert.equal(whole.byteLength, all);
      assert.ok(equalBytes(whole.subarray(-chunk.byteLength), chunk));
    });
  }

  test("Stream.read yields null after the peer's FIN, again and again, while writing goes on", async () => {
    await using pair = await connect(subject);
    const [one, other] = await openPair(pair.client, pair.server);
    await one.write(bytes("the last words"));
    await one.end();
    await one.end();
    assert.deepEqual(await readAll(other), bytes("the last words"));
    assert.equal(await other.read(), null);
    await other.write(bytes("and the answer"));
    await other.end();
    assert.deepEqual(await readAll(one), bytes("and the answer"));
    assert.equal(await one.read(), null);
  });

  test("Stream.end without a chunk still tells the peer of the stream", async () => {
    await using pair = await connect(subject);
    const one = await pair.client.openStream();
    await one.end();
    const other = await acceptedStream(pair.server);
    assert.equal(await other.read(), null);
  });

  test("Stream.write throws after end, and sends nothing", async () => {
    await using pair = await connect(subject);
    const [one, other] = await openPair(pair.client, pair.server);
    await one.end();
    await assert.rejects(one.write(bytes("too late")), TypeError);
    assert.equal(await other.read(), null);
  });
}

function resetTests(subject: Subject): void {
  const test = testsOf(subject);

  for (const resetter of ["client", "server"] as const) {
    test(`Stream.reset of the ${resetter} reaches the other end with its code`, async () => {
      await using pair = await connect(subject);
      const [from, to] = ends(pair, resetter);
      const [one, other] = await openPair(from, to);
      const reading = other.read();
      reading.catch(() => {});
      one.reset(RESET);
      one.reset(RESET + 1);

      if (sendsCodes(subject[resetter])) {
        for (let again = 0; again < 2; again++) await rejectsWithCode(reading, RESET);
        await rejectsWithCode(other.read(), RESET);
        await rejectsWithCode(writeUntilStopped(other), RESET);
        await rejectsWithCode(other.write(bytes("again")), RESET);
      } else {
        assert.equal(await within(reading, "the end of the stream"), null);
        await rejectsWithCode(writeUntilStopped(other), 0);
      }
      await other.end();
      await assertAlive(pair.client, pair.server);
    });
  }

  test("Stream.reset ends what is pending and what comes later at its own end", async () => {
    await using pair = await connect(subject);
    const [one] = await openPair(pair.client, pair.server);
    const reading = one.read();
    const writing = blockedWrite(one);
    reading.catch(() => {});
    writing.catch(() => {});
    assert.ok(await staysPending(writing));
    const end = one.end();
    one.reset(RESET);
    for (const call of [reading, writing, one.read(), one.write(bytes("later"))]) {
      await rejectsWithCode(within<unknown>(call, "a reset call to settle"), RESET);
    }
    await within(end, "the end of a stream that was reset");
    await one.end();
  });

  test("Stream is reset when it is disposed of before its end", async () => {
    await using pair = await connect(subject);
    const [one, other] = await openPair(pair.client, pair.server);
    await one[Symbol.asyncDispose]();
    await rejectsWithCode(one.read(), 0);
    await rejectsWithCode(writeUntilStopped(other), 0);
  });

  test("Stream keeps what it said when it is disposed of after its end", async () => {
    await using pair = await connect(subject);
    const [one, other] = await openPair(pair.client, pair.server);
    await other.end();
    await one.write(bytes("all of it"));
    assert.equal(await one.read(), null);
    await one.end();
    await one[Symbol.asyncDispose]();
    assert.equal(await one.read(), null);
    assert.deepEqual(await readAll(other), bytes("all of it"));
  });
}

function streamLimitTests(subject: Subject): void {
  const test = testsOf(subject);

  test("Connection.openStream waits while the peer allows no more streams", async () => {
    await using pair = await connect(subject, { listen: { limits: { maxStreams: 3 } } });
    const open: Stream[] = [];
    for (let at = 0; at < 3; at++) {
      const stream = await pair.client.openStream();
      await stream.write(bytes("here"));
      open.push(stream);
    }
    const fourth = pair.client.openStream();
    assert.ok(await staysPending(fourth), "a fourth stream was opened though three are allowed");

    const first = await acceptedStream(pair.server);
    await open[0]?.end();
    await readAll(first);
    await first.end();
    if (open[0]) await readAll(open[0]);
    void echoAll(pair.server);
    await roundTrip(await within(fourth, "a stream to become free"), "now");
  });

  test("Connection carries hundreds of streams, a few at a time", async () => {
    await using pair = await connect(subject, { listen: { limits: { maxStreams: 4 } } });
    void echoAll(pair.server);
    await Promise.all(Array.from({ length: 100 }, () => hello(pair.client)));
  });
}

function ends(
  pair: { readonly client: Connection; readonly server: Connection },
  first: "client" | "server",
): [Connection, Connection] {
  return first === "client" ? [pair.client, pair.server] : [pair.server, pair.client];
}

/** Rule 6: Deno has no call that sends a code. */
function sendsCodes(engine: Engine): boolean {
  return engine.name !== "builtin";
}

async function rejectsWithCode(call: Promise<unknown>, code: number): Promise<void> {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof StreamError, String(error));
    assert.equal(error.code, code);
    return true;
  });
}

/** STOP_SENDING takes its time to come: writes until it has. */
async function writeUntilStopped(stream: Stream): Promise<void> {
  const chunk = bytes("anybody there?");
  for (let tries = 0; tries < 1000; tries++) {
    await stream.write(chunk);
    await staysPending(Promise.resolve(), 1);
  }
}

/** A write that flow control is sure to block while nobody reads. */
function blockedWrite(stream: Stream): Promise<void> {
  return stream.write(new Uint8Array(16 * MIB));
}

async function assertAlive(client: Connection, server: Connection): Promise<void> {
  const [one, other] = await openPair(client, server);
  void echo(other);
  await roundTrip(one, "still here");
}
