import assert from "node:assert/strict";
import { Socket } from "node:net";
import { HandshakeLimiter } from "../../../../protocol/transport/tls/handshake_limiter.ts";
import { FakeClock, settle } from "../../../helpers/fake_clock.ts";

/** A TCP connection from an address, which is on no network. */
function arrival(from: string): Socket {
  return Object.defineProperty(new Socket(), "remoteAddress", { value: from });
}

/** Each handshake runs until the test ends it. */
function setUp(max: number) {
  const running = new Map<Socket, () => void>();
  const limiter = new HandshakeLimiter({
    max,
    timeout: 10_000,
    clock: new FakeClock(),
    handshake: (raw, signal) =>
      new Promise((resolve) => {
        const done = () => {
          running.delete(raw);
          resolve();
        };
        running.set(raw, done);
        signal.addEventListener("abort", done);
      }),
  });
  const offer = (from: string, count: number) =>
    Array.from({ length: count }, () => {
      const raw = arrival(from);
      limiter.offer(raw);
      return raw;
    });
  const finish = async (raw: Socket) => {
    running.get(raw)?.();
    await settle();
  };
  const states = (raws: readonly Socket[]) =>
    raws.map((raw) => running.has(raw) ? "running" : raw.destroyed ? "gone" : "waiting").join(" ");
  return { limiter, offer, finish, states };
}

Deno.test("HandshakeLimiter gives one address at most half of the handshakes", async () => {
  const { limiter, offer, states } = setUp(4);
  const many = offer("::ffff:192.0.2.1", 5);
  assert.equal(states(many), "running running waiting waiting gone");
  const others = offer("192.0.2.2", 3);
  assert.equal(states(others), "running running waiting");
  await limiter.close();
});

Deno.test("HandshakeLimiter counts the addresses of one subscriber together", async () => {
  const { limiter, offer, states } = setUp(4);
  const one = [offer("2001:db8::1", 1), offer("2001:db8::2", 1), offer("2001:db8::3", 1)].flat();
  assert.equal(states(one), "running running waiting");
  assert.equal(states(offer("2001:db8:0:1::1", 1)), "running");
  await limiter.close();
});

Deno.test("HandshakeLimiter starts the first that waits and may start", async () => {
  const { limiter, offer, finish, states } = setUp(4);
  const many = offer("192.0.2.1", 4);
  const [first, second] = offer("192.0.2.2", 2);
  const third = offer("192.0.2.3", 1);
  assert.equal(states(many), "running running waiting waiting");
  assert.ok(first !== undefined && second !== undefined);
  assert.equal(states([first, second, ...third]), "running running waiting");
  await finish(first);
  assert.equal(states([...many, ...third]), "running running waiting waiting running");
  await finish(second);
  assert.equal(states(many), "running running waiting waiting");
  const [running] = many;
  assert.ok(running !== undefined);
  await finish(running);
  assert.equal(states(many.slice(1)), "running running waiting");
  await limiter.close();
  assert.equal(states(many.slice(3)), "gone");
});
