/**
 * One attempt to transfer a file, with the server's end in the test's hands: frame by frame, without
 * ports and without real time.
 */
import assert from "node:assert/strict";
import type { TransferAttempt } from "../../client/files/transfers.ts";
import { TransferStream } from "../../client/session/transfer_stream.ts";
import { encodeFrame, parseClientFrame } from "../../protocol/codec.ts";
import { FrameDecoder } from "../../protocol/decoder.ts";
import type { ClientFrame, ServerFrame } from "../../protocol/frame.ts";
import { ClientDownload } from "../../protocol/session/download.ts";
import { ClientUpload } from "../../protocol/session/upload.ts";
import type { Stream } from "../../protocol/transport/transport.ts";
import { FakeClock } from "./fake_clock.ts";
import { MemoryConnection } from "./memory_transport.ts";

export class TransferScript {
  readonly clock = new FakeClock();
  /** Where attempts started. */
  readonly starts: number[] = [];
  /** Bytes that were reported as transferred. */
  transferred = 0;
  readonly #pair = MemoryConnection.pair();
  readonly #stop = new AbortController();
  readonly #decoder = new FrameDecoder();
  readonly #frames: ClientFrame[] = [];
  #stream: Stream | undefined;

  /** What the attempt works with. */
  get attempt(): TransferAttempt {
    const { clock } = this;
    const open = () =>
      TransferStream.open({ connection: this.#pair.client, clock, heard: () => {} });
    return {
      clock,
      connection: {
        upload: async (fields) => [
          new ClientUpload({ type: "upload", id: 1, ...fields }, clock.now()),
          await open(),
        ],
        download: async (fields, size) => [
          new ClientDownload({ type: "download", id: 1, ...fields }, size, clock.now()),
          await open(),
        ],
      },
      transfer: {
        signal: this.#stop.signal,
        startAttempt: (transferred) => this.starts.push(transferred),
        addTransferred: (bytes) => this.transferred += bytes,
      },
    };
  }

  stop(): void {
    this.#stop.abort();
  }

  /** Breaks the connection. */
  cut(): void {
    this.#pair.client.lose();
  }

  /** The client's next frame; `undefined` at the end of its stream. */
  async next(): Promise<ClientFrame | undefined> {
    this.#stream ??= await this.#pair.server.accept() ?? assert.fail("There is no stream");
    while (this.#frames.length === 0) {
      const chunk = await this.#stream.read();
      if (chunk === null) return undefined;
      for (const body of this.#decoder.push(chunk)) this.#frames.push(parseClientFrame(body));
    }
    return this.#frames.shift();
  }

  async send(...frames: readonly ServerFrame[]): Promise<void> {
    for (const frame of frames) await this.#stream?.write(encodeFrame(frame));
  }

  /** Ends the server's side of the stream. */
  async end(): Promise<void> {
    await this.#stream?.end();
  }
}
