/** Checks `docs/protocol.md` against the code. */
import assert from "node:assert/strict";
import type * as v from "valibot";
import { encodeFrame, parseClientFrame, parseServerFrame } from "../../protocol/codec.ts";
import { CLIENT_FRAMES, type ClientFrames, SERVER_FRAMES } from "../../protocol/frame.ts";
import { decodeFileContent } from "../../protocol/file_content.ts";
import { LIMITS, LOGIN_ATTEMPTS, OFFENCES, TIMES } from "../../protocol/limits.ts";
import { RESERVED, RESERVED_USERS } from "../../protocol/names.ts";
import { ClientSession } from "../../protocol/session/client.ts";
import { ClientDownload } from "../../protocol/session/download.ts";
import { ServerSession } from "../../protocol/session/server.ts";
import { TRANSITIONS } from "../../protocol/session/states.ts";
import { ClientUpload } from "../../protocol/session/upload.ts";
import { DEFAULT_LIMITS } from "../../protocol/transport/transport.ts";
import { SERVER_LIMITS } from "../../server/config.ts";
import { FileStream, wordOf } from "../helpers/files.ts";
import { fromHex, toHex } from "../helpers/hex.ts";
import { BLOCKS, blocksOf, DOCUMENT, remake } from "../helpers/protocol_docs.ts";
import { startSocketless } from "../helpers/socketless.ts";

const document = await Deno.readTextFile(DOCUMENT);

/** The text under a heading, up to the next heading of any level. */
function section(heading: string): string {
  const at = document.indexOf(`\n${heading}\n`);
  assert.ok(at >= 0, `docs/protocol.md has no heading "${heading}"`);
  const [text = ""] = document.slice(at + heading.length + 2).split(/^#+ /m, 1);
  return text;
}

/** The rows of the tables in a text, cells trimmed, without heads and rules. */
function rows(text: string): string[][] {
  return text.split(/\n\n+/).flatMap((part) => {
    const lines = part.trim().split("\n").filter((line) => line.startsWith("|"));
    return lines.slice(2).map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  });
}

function unquote(cell: string | undefined): string {
  return (cell ?? "").replaceAll("`", "");
}

Deno.test("docs/protocol.md has every part that is made from the code, and as the code is now", () => {
  assert.deepEqual(blocksOf(document).sort(), [...BLOCKS].sort());
  assert.equal(
    remake(document),
    document,
    "run `deno run -A tests/helpers/protocol_docs.ts` and look at the difference",
  );
});

for (const [type, schema] of Object.entries({ ...CLIENT_FRAMES, ...SERVER_FRAMES })) {
  Deno.test(`docs/protocol.md lists the fields of ${type} and which are optional`, () => {
    const { type: _, ...entries }: Record<string, v.GenericSchema> = schema.entries;
    const expected = Object.entries(entries)
      .map(([field, { type }]) => `${field}${type === "optional" ? " (optional)" : ""}`);
    const documented = rows(section(`#### \`${type}\``)).map(([field, , text]) =>
      `${unquote(field)}${text?.startsWith("optional") ? " (optional)" : ""}`
    );
    assert.deepEqual(documented, expected);
  });
}

Deno.test("docs/protocol.md names every event of the state machine", () => {
  const events = rows(section("## The state machine")).map(([event]) => unquote(event));
  for (const event of Object.keys(TRANSITIONS)) assert.ok(events.includes(event), event);
});

Deno.test("docs/protocol.md has the limits of protocol/limits.ts, and no others", () => {
  const documented = Object.fromEntries(
    rows(section("## Limits")).map(([name, value]) => [
      unquote(name),
      Number(value?.replaceAll(",", "")),
    ]),
  );
  assert.deepEqual(documented, { ...LIMITS, ...TIMES });
  const counts = [LOGIN_ATTEMPTS, OFFENCES, DEFAULT_LIMITS.maxStreams];
  const [attempts, offences, streams] = counts;
  assert.match(
    section("## Limits"),
    new RegExp(`${attempts} attempts to sign in, ${offences} offences, ${streams} streams`),
  );
});

Deno.test("docs/protocol.md has the other limits of server/config.ts", () => {
  const documented = rows(section("### Other limits of the server"))
    .filter(([name]) => name !== "")
    .map(([name, value]) => [unquote(name), Number(value?.replaceAll(",", ""))]);
  const { maxConnections, sessions, uncommitted, rooms, files, transfers, slowBytes, slowTime } =
    SERVER_LIMITS;
  assert.deepEqual(Object.fromEntries(documented), {
    maxConnections,
    sessions,
    uncommitted,
    rooms,
    files,
    transfers,
    slowBytes,
    slowTime,
  });
});

Deno.test("docs/protocol.md names the reserved names", () => {
  const text = section("### Names and conversations");
  for (const name of [...RESERVED, ...RESERVED_USERS]) {
    assert.ok(text.includes(`\`${name}\``), name);
  }
});

Deno.test("docs/protocol.md shows a ping as it is", () => {
  const hex = /\n(00 00 00 0f .*)\n/.exec(section("## Framing"))?.[1] ?? "";
  assert.equal(toHex(encodeFrame({ type: "ping", id: 7 })), hex.replaceAll(" ", ""));
});

/** A frame of an example, as JSON and as bytes. */
interface Line {
  readonly from: string;
  readonly json: unknown;
  readonly bytes: Uint8Array;
}

function workedSession(): Line[] {
  return linesOf(blocksIn("## A worked session")[0] ?? "");
}

function blocksIn(heading: string): string[] {
  return [...section(heading).matchAll(/```\n([^]*?)```/g)].map(([, block = ""]) => block);
}

function linesOf(block: string): Line[] {
  return [...block.matchAll(/^([<>]) (.*)\n((?: {2}.*\n)+)/gm)].map(([, from, json, hex]) => ({
    from: from ?? "",
    json: JSON.parse(
      json ?? "",
      (_, value) => typeof value?.$hex === "string" ? fromHex(value.$hex) : value,
    ),
    bytes: fromHex(hex ?? ""),
  }));
}

Deno.test("docs/protocol.md's worked session is what the codec reads and writes", () => {
  const lines = workedSession();
  assert.ok(lines.length > 10);
  for (const { from, json, bytes } of lines) {
    const body = bytes.subarray(4);
    assert.equal(new DataView(bytes.buffer).getUint32(0), body.length);
    const frame = from === ">" ? parseClientFrame(body) : parseServerFrame(body);
    assert.deepEqual(frame, json);
    assert.equal(toHex(encodeFrame(frame)), toHex(bytes));
  }
});

Deno.test("docs/protocol.md's worked session is one that both ends take", () => {
  const server = new ServerSession({ server: "sotto/0.1.0" }, 0);
  const client = new ClientSession({ client: "stranger/1" }, 0);
  for (const { from, bytes } of workedSession()) {
    const body = bytes.subarray(4);
    if (from === "<") {
      const frame = parseServerFrame(body);
      const output = client.handleFrame(frame, 0);
      const expected = frame.type === "bye" ? "close" : frame.type === "pong" ? "pong" : undefined;
      if (expected) assert.equal(output.type, expected);
      else assert.equal(output.type, "re" in frame ? "answer" : "push");
      continue;
    }
    const frame = parseClientFrame(body);
    assert.match(server.handleFrame(frame, 0).type, /accept|answer/);
    switch (frame.type) {
      case "hello":
        assert.deepEqual(client.hello(0), frame);
        break;
      case "login":
        server.loginSucceeded(0);
        assert.deepEqual(client.request(frame, 0), frame);
        break;
      case "send":
        server.sendSettled();
        assert.deepEqual(client.request(frame, 0), frame);
        break;
      case "logout":
        assert.deepEqual(client.request(frame, 0), frame);
        break;
      case "ping":
        assert.deepEqual(client.handleTimeout(TIMES.ping), { type: "write", frame });
        break;
      case "mark":
        client.notify(frame);
        break;
      default:
        assert.fail(`a ${frame.type} frame`);
    }
  }
  assert.deepEqual([server.state, client.state], ["AUTHENTICATED", "DISCONNECTING"]);
});

Deno.test("docs/protocol.md's worked transfer is what the codec reads and writes", () => {
  const [upload = "", note = "", download = ""] = blocksIn("### A worked transfer");
  const lines = [...linesOf(upload), ...linesOf(download)];
  assert.equal(lines.length, 7);
  for (const { from, json, bytes } of lines) {
    const body = bytes.subarray(4);
    const frame = from === ">" ? parseClientFrame(body) : parseServerFrame(body);
    assert.deepEqual(frame, json);
    assert.equal(toHex(encodeFrame(frame)), toHex(bytes));
  }
  const [asked] = linesOf(upload);
  const { file, size, hash } = decodeFileContent(fromHex(note)) ?? {};
  assert.deepEqual({ ...asked?.json as object, file, size, hash }, asked?.json);
});

Deno.test("docs/protocol.md's worked transfer is one that a client takes", () => {
  const [upload = "", , download = ""] = blocksIn("### A worked transfer");
  const [asked, ready, chunk, stored] = linesOf(upload).map(({ bytes }) => bytes.subarray(4));
  assert.ok(asked && ready && chunk && stored);
  const request = parseClientFrame(asked);
  assert.ok(request.type === "upload");
  const client = new ClientUpload(request, 0);
  assert.equal(client.handleBody(ready, 0).type, "ready");
  const piece = parseClientFrame(chunk);
  assert.ok(piece.type === "chunk");
  assert.deepEqual(client.chunk(piece.bytes), piece);
  assert.equal(client.left, 0);
  assert.equal(client.handleBody(stored, 0).type, "stored");

  const [wanted, ...answers] = linesOf(download).map(({ bytes }) => bytes.subarray(4));
  const frame = wanted && parseClientFrame(wanted);
  assert.ok(frame?.type === "download");
  const transfer = new ClientDownload(frame, request.size, 0);
  assert.deepEqual(answers.map((body) => transfer.handleBody(body, 0).type), ["chunk", "end"]);
});

Deno.test("docs/protocol.md's worked transfer is one that a server takes", async () => {
  await using server = await startSocketless();
  const alice = await server.signIn("alice");
  await server.signIn("bob");
  const lines = blocksIn("### A worked transfer").flatMap((block) => linesOf(block));
  const streams = [lines.slice(0, 4), lines.slice(4)];
  const [request] = lines.map(({ json }) => json) as [ClientFrames["upload"]];
  {
    // The upload that broke off: one byte of three has arrived.
    await using stream = await FileStream.open(alice);
    await stream.write(request);
    await stream.ready();
    await stream.chunks(new TextEncoder().encode("a"));
    await stream.stream.end();
    assert.equal(wordOf(await stream.next()), "unfinished_file");
  }
  for (const exchange of streams) {
    await using stream = await FileStream.open(alice);
    for (const { from, json, bytes } of exchange) {
      if (from === ">") await stream.stream.write(bytes);
      else assert.deepEqual(await stream.next(), json);
    }
  }
});
