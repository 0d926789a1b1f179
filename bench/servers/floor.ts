/**
 * The floor: the least that a fan-out server on Deno's built-in QUIC can do. It writes each line
 * once to each client's stream. It stores nothing, checks nothing and has no limits.
 *
 * A client whose first byte is `SINK` gets the number of its bytes back; one that begins with
 * `SOURCE` gets as many mebibytes as its second byte says.
 */
import { testCertificate } from "../../tests/helpers/certificate.ts";
import { serveCommands } from "../harness/commands.ts";
import { LineReader } from "../harness/lines.ts";
import { ALPN, BULK, countOf, MEBIBYTE, readyOf, SINK, SOURCE } from "./plain.ts";

const { certificate, privateKey, hash } = await testCertificate();
const endpoint = new Deno.QuicEndpoint({ hostname: "127.0.0.1", port: 0 });
const listener = endpoint.listen({
  cert: certificate,
  key: privateKey,
  alpnProtocols: [ALPN],
  maxIdleTimeout: 45_000,
  keepAliveInterval: 15_000,
});
const writers = new Set<WritableStreamDefaultWriter<Uint8Array>>();

async function acceptAll(): Promise<void> {
  while (true) void serve(await listener.accept());
}

async function serve(conn: Deno.QuicConn): Promise<void> {
  try {
    for await (const stream of conn.incomingBidirectionalStreams) void fanOut(stream);
  } catch {
    // The connection has failed.
  }
}

async function fanOut({ readable, writable }: Deno.QuicBidirectionalStream): Promise<void> {
  const reader = readable.getReader();
  const writer = writable.getWriter();
  const lines = new LineReader();
  lines.onFrame = (line) => {
    for (const each of writers) each.write(line).catch(() => writers.delete(each));
  };
  let begun = false;
  try {
    for (let chunk; (chunk = (await reader.read()).value) !== undefined;) {
      if (!begun && chunk[0] === SINK) return await sink(chunk.byteLength, reader, writer);
      if (!begun && chunk[0] === SOURCE) return await source(chunk[1] ?? 0, writer);
      if (!begun) writers.add(writer);
      begun = true;
      lines.push(chunk);
    }
  } catch {
    // The stream or its connection has ended.
  } finally {
    writers.delete(writer);
  }
}

async function sink(
  first: number,
  reader: ReadableStreamDefaultReader<Uint8Array>,
  writer: WritableStreamDefaultWriter<Uint8Array>,
): Promise<void> {
  let count = first;
  for (let chunk; (chunk = (await reader.read()).value) !== undefined;) count += chunk.byteLength;
  await writer.write(countOf(count));
  await writer.close();
}

async function source(
  mebibytes: number,
  writer: WritableStreamDefaultWriter<Uint8Array>,
): Promise<void> {
  for (let sent = 0; sent < mebibytes * MEBIBYTE; sent += BULK.byteLength) await writer.write(BULK);
  await writer.close();
}

void acceptAll();
await serveCommands(readyOf(endpoint.addr.port, hash));
