/** A client over TLS, and servers that are not what they should be. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer, type TlsOptions, type TLSSocket } from "node:tls";
import { engine } from "../../../../protocol/transport/tls/engine.ts";
import { TransportError } from "../../../../protocol/transport/transport.ts";
import { testCertificate } from "../../../helpers/certificate.ts";
import { fromHex } from "../../../helpers/hex.ts";
import { delay, dial, type Dialling } from "../contract/pair.ts";
import { within } from "../../../helpers/within.ts";

const OPENED = `020014${"00".repeat(16)}00000008`;
const CLOSE = "0b0007010000000268 69";

Deno.test("Engine.dial sends nothing before the server is verified, and hears nothing (tls)", async () => {
  await using rude = await startRude((socket) => socket.write(fromHex(OPENED)));
  const verifying = Promise.withResolvers<boolean>();
  const dialling = dial(engine, rude.port, { verify: () => verifying.promise });
  await rejectsWith(dialling, "refused");
  assert.equal(rude.heard, 0);
});

Deno.test("Engine.dial hangs up on a server that is not the one that was meant (tls)", async () => {
  await using rude = await startRude(() => {});
  await rejectsWith(dial(engine, rude.port, { verify: () => false }), "certificate");
  await within(rude.ended, "the client to hang up");
  assert.equal(rude.heard, 0);
});

Deno.test("Engine.dial fails as its verifier does, and hangs up (tls)", async () => {
  await using rude = await startRude(() => {});
  const verify = () => {
    throw new Error("no verdict");
  };
  await assert.rejects(dial(engine, rude.port, { verify }), /no verdict/);
  await within(rude.ended, "the client to hang up");
});

const ANSWERS: Record<string, readonly [answer: string, code: TransportError["code"]]> = {
  "garbage": ["ffffff", "refused"],
  "another capsule": ["0a0000", "refused"],
  "a refusal": [CLOSE, "refused"],
  "nothing": ["", "timeout"],
};

for (const [what, [answer, code]] of Object.entries(ANSWERS)) {
  Deno.test(`Engine.dial gives up a server that answers with ${what} (tls)`, async () => {
    await using rude = await startRude((socket) => {
      socket.once("data", () => answer && socket.write(fromHex(answer)));
    });
    const error = await rejectsWith(
      dial(engine, rude.port, { limits: { handshakeTimeout: 300 } }),
      code,
    );
    if (answer === CLOSE) {
      const close = { kind: "transport", code: 2, reason: "hi", by: "peer" };
      assert.deepEqual(error.close, close);
    }
    await within(rude.ended, "the client to hang up");
  });
}

Deno.test("Engine.dial stops when its signal says so, at each stage (tls)", async () => {
  await using rude = await startRude(() => {});
  for (const verify of [() => new Promise<boolean>(() => {}), () => true]) {
    const controller = new AbortController();
    const dialling = dial(engine, rude.port, { verify, signal: controller.signal });
    dialling.catch(() => {});
    await delay(50);
    controller.abort();
    await rejectsWith(dialling, "aborted");
  }
});

Deno.test("TlsStream is lost when the server refuses its link, and the connection is not", async () => {
  let links = 0;
  await using rude = await startRude((socket) => {
    const answer = links++ === 0 ? OPENED : CLOSE;
    socket.once("data", () => socket.write(fromHex(answer)));
  });
  await using connection = await dial(engine, rude.port);
  const session = await connection.openStream();
  const stream = await connection.openStream();
  await assert.rejects(within(stream.read(), "the refusal"), { name: "StreamError", code: 0 });
  await session.write(Uint8Array.of(1));
  connection.close(1);
  await within(rude.ended, "the client to hang up");
});

const OLD: Record<string, TlsOptions> = {
  "TLS 1.2 alone": { minVersion: "TLSv1.2", maxVersion: "TLSv1.2" },
  "no ALPN": { ALPNProtocols: [] },
};

for (const [what, options] of Object.entries(OLD)) {
  Deno.test(`Engine.dial refuses a server with ${what} (tls)`, async () => {
    await using rude = await startRude(() => {}, options);
    const never: Dialling = { verify: () => assert.fail("it was asked whether it trusts it") };
    await rejectsWith(dial(engine, rude.port, never), "refused");
    assert.equal(rude.heard, 0);
  });
}

interface Rude extends AsyncDisposable {
  readonly port: number;
  /** Bytes that have come from clients. */
  readonly heard: number;
  /** The first connection has closed. */
  readonly ended: Promise<unknown>;
}

/** A TLS server that does as it likes with each connection. */
async function startRude(
  greet: (socket: TLSSocket) => void,
  options: TlsOptions = {},
): Promise<Rude> {
  const { certificate: cert, privateKey: key } = await testCertificate();
  const server = createServer({ cert, key, ALPNProtocols: ["sotto/1"], ...options });
  const sockets = new Set<TLSSocket>();
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  let heard = 0;
  server.on("tlsClientError", () => resolve()); // It has hung up before we knew that it was there.
  server.on("secureConnection", (socket) => {
    sockets.add(socket);
    socket.on("data", (bytes) => heard += bytes.length);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => resolve());
    greet(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    get heard() {
      return heard;
    },
    ended,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}

async function rejectsWith(
  call: Promise<unknown>,
  code: TransportError["code"],
): Promise<TransportError> {
  const failure = await within(call, "a failure").then(() => undefined, (error) => error);
  assert.ok(failure instanceof TransportError, String(failure));
  assert.equal(failure.code, code, failure.message);
  return failure;
}
