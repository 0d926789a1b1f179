/**
 * One attempt to transfer a file, with the server's end in the test's hands: frame by frame, without
 * ports and without real time.
 */
import type { TransferAttempt } from "../../client/files/transfers.ts";
import { TransferStream } from "../../client/session/transfer_stream.ts";
import { ClientDownload } from "../../protocol/session/download.ts";
import { ClientUpload } from "../../protocol/session/upload.ts";
import { FakeClock } from "./fake_clock.ts";
import { MemoryConnection } from "./memory_transport.ts";
import { ScriptedStream } from "./scripted_stream.ts";

export class TransferScript {
  readonly clock = new FakeClock();
  /** Where attempts started. */
  readonly starts: number[] = [];
  /** Bytes that were reported as transferred. */
  transferred = 0;
  readonly #pair = MemoryConnection.pair();
  readonly #stop = new AbortController();

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

  /** The server's end of the stream. */
  stream(): Promise<ScriptedStream> {
    return ScriptedStream.accept(this.#pair.server);
  }

  stop(): void {
    this.#stop.abort();
  }

  /** Breaks the connection. */
  cut(): void {
    this.#pair.client.lose();
  }
}
