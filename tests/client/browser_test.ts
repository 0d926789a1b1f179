/** The client's core runs anywhere: in a browser it needs nothing of Node or Deno. */
import assert from "node:assert/strict";
import { createContext, runInContext } from "node:vm";
import type { Chat } from "../../client/chat.ts";
import { bundleForBrowsers } from "../helpers/browser_bundle.ts";
import { startSocketless } from "../helpers/socketless.ts";
import { startSocketlessClient } from "../helpers/socketless_client.ts";

/** A module of the root that loads all of the core. */
const CORE = 'export * from "./client/chat.ts"; export * from "./client/ui/state.ts";';

/** What a browser has, and a bare context has not. */
const WEB = {
  AbortController,
  AbortSignal,
  TextDecoder,
  TextEncoder,
  atob,
  btoa,
  clearTimeout,
  crypto,
  performance,
  setTimeout,
};

Deno.test("Chat is bundled for browsers without anything of Node or Deno", () => {
  const { problems, inputs } = bundleForBrowsers(CORE);
  assert.deepEqual(problems, []);
  for (const file of ["client/chat.ts", "client/files/files.ts", "protocol/codec.ts"]) {
    assert.ok(inputs.includes(file), `${file} is in the bundle`);
  }
  assert.deepEqual(
    inputs.filter((path) => /^(server|cli|client\/(platform|program))\//.test(path)),
    [],
  );
});

Deno.test("Bundles for browsers show what needs Node or Deno", () => {
  const needy: readonly (readonly [code: string, problem: RegExp])[] = [
    ['import { readFileSync } from "node:fs"; readFileSync("x");', /"node:fs"/],
    ['import { readFileSync } from "fs"; readFileSync("x");', /"fs"/],
    ['await import("node:crypto");', /"node:crypto"/],
    [
      'import { DiskFiles } from "./client/platform/disk_files.ts"; new DiskFiles({ home: "" });',
      /"node:/,
    ],
    ["export const version = Deno.version;", /uses Deno/],
    ["export const bytes = Buffer.from([]);", /uses Buffer/],
    ['export const env = typeof process === "undefined" ? {} : process.env;', /uses process/],
    ["export const version = globalThis.Deno.version;", /uses globalThis\.Deno/],
  ];
  for (const [code, problem] of needy) {
    assert.match(bundleForBrowsers(code).problems.join("\n"), problem, code);
  }
  const harmless =
    "export const bytes = new ArrayBuffer(1); // process, Deno\nexport class A { process() {} }";
  assert.deepEqual(bundleForBrowsers(harmless).problems, []);
});

Deno.test("Chat as bundled for browsers loads where there is only what the web has", () => {
  const { code } = bundleForBrowsers(CORE);
  const context = createContext({ ...WEB });
  runInContext(code, context);
  assert.equal(runInContext("typeof bundle.Chat", context), "function");
  assert.equal(
    runInContext("typeof Deno + typeof process + typeof Buffer", context),
    "undefined".repeat(3),
  );
});

Deno.test("Chat as bundled for browsers signs in, talks and sends a file", async () => {
  const { code } = bundleForBrowsers(CORE);
  const evaluate = new Function("Deno", "process", "Buffer", `${code}; return bundle.Chat;`);
  const chatClass: unknown = evaluate();
  assert.ok(isChatClass(chatClass));
  await using server = await startSocketless();
  await using ann = await startSocketlessClient(server, "ann", { chatClass });
  await using bob = await startSocketlessClient(server, "bob");
  const bytes = new TextEncoder().encode("the plan");
  ann.files.files.set("plan.txt", bytes);
  await ann.client.chat.type("hello from a browser");
  await bob.client.event("message", { text: "hello from a browser" });
  await ann.client.chat.type("/send bob plan.txt");
  await bob.client.event("offer");
  await bob.client.chat.type("/accept");
  await bob.client.event("file");
  assert.deepEqual(bob.files.accepted.get("plan.txt"), bytes);
  assert.equal((await ann.client.chat.leave()).code, "left");
});

function isChatClass(value: unknown): value is typeof Chat {
  return typeof value === "function";
}
