/**
 * A bare engine: does what the floor does, through the `Engine` interface. The argument is the name of
 * the engine.
 */
import type { Connection, Engine, Listener, Stream } from "../../protocol/transport/transport.ts";
import { testCertificate } from "../../tests/helpers/certificate.ts";
import { serveCommands } from "../harness/commands.ts";
import { loadEngine } from "../harness/engines.ts";
import { LineReader } from "../harness/lines.ts";
import { ALPN, BULK, countOf, MEBIBYTE, readyOf, SINK, SOURCE } from "./plain.ts";

/** Writes lines one after the other: an engine accepts one write at a time for each stream. */
class LineWriter {
  readonly #stream: Stream;
  #waiting: Uint8Array[] = [];
  #writing = false;

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  write(line: Uint8Array): void {
    this.#waiting.push(line);
    if (!this.#writing) void this.#drain();
  }

  async #drain(): Promise<void> {
    this.#writing = true;
    try {
      while (this.#waiting.length > 0) {
        const lines = this.#waiting;
        this.#waiting = [];
        for (const line of lines) await this.#stream.write(line);
      }
      this.#writing = false;
    } catch {
      writers.delete(this);
    }
  }
}

const writers = new Set<LineWriter>();

async function listen(engine: Engine): Promise<number> {
  const { certificate, privateKey } = await testCertificate();
  const listener = await engine.listen({
    hostname: "127.0.0.1",
    port: 0,
    certificate,
    privateKey,
    alpn: [ALPN],
  });
  void serveAll(listener);
  return listener.address.port;
}

async function serveAll(listener: Listener): Promise<void> {
  for (let connection; (connection = await listener.accept()) !== null;) void serve(connection);
}

async function serve(connection: Connection): Promise<void> {
  for (let stream; (stream = await connection.accept()) !== null;) void fanOut(stream);
}

async function fanOut(stream: Stream): Promise<void> {
  const writer = new LineWriter(stream);
  const lines = new LineReader();
  lines.onFrame = (line) => {
    for (const each of writers) each.write(line);
  };
  let begun = false;
  try {
    for (let chunk; (chunk = await stream.read()) !== null;) {
      if (!begun && chunk[0] === SINK) return await sink(chunk.byteLength, stream);
      if (!begun && chunk[0] === SOURCE) return await source(chunk[1] ?? 0, stream);
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

async function sink(first: number, stream: Stream): Promise<void> {
  let count = first;
  for (let chunk; (chunk = await stream.read()) !== null;) count += chunk.byteLength;
  await stream.write(countOf(count));
  await stream.end();
}

async function source(mebibytes: number, stream: Stream): Promise<void> {
  for (let sent = 0; sent < mebibytes * MEBIBYTE; sent += BULK.byteLength) await stream.write(BULK);
  await stream.end();
}

const port = await listen(await loadEngine(Deno.args[0] ?? "builtin"));
await serveCommands(readyOf(port, (await testCertificate()).hash));
