import assert from "node:assert/strict";
import { homedir } from "node:os";
import { join } from "node:path";
import { ConfigError, readConfig, SERVER_LIMITS, type ServerOptions } from "../../server/config.ts";

const DAY = 24 * 60 * 60 * 1000;

Deno.test("readConfig() has a default for everything", () => {
  const config = readConfig({}, { XDG_DATA_HOME: "/var/data" });
  assert.deepEqual(config, {
    host: "::",
    port: 4433,
    tlsPort: "off",
    data: join("/var/data", "sotto"),
    registration: "open",
    certificate: undefined,
    engine: "auto",
    files: { quota: 4 * 2 ** 30, largest: 2 * 2 ** 30, keep: 30 * DAY },
    announce: false,
    keyLog: undefined,
    logLevel: "info",
    logFormat: "text",
    limits: SERVER_LIMITS,
  });
});

Deno.test("readConfig() finds the data folder by XDG_DATA_HOME, HOME, or the account's home", () => {
  const data = (env: Record<string, string>) => readConfig({}, env).data;
  assert.equal(data({ XDG_DATA_HOME: "/x", HOME: "/h" }), join("/x", "sotto"));
  assert.equal(data({ HOME: "/h" }), join("/h", ".local", "share", "sotto"));
  assert.equal(data({ XDG_DATA_HOME: "" }), join(homedir(), ".local", "share", "sotto"));
  assert.equal(readConfig({ data: "/d" }, { HOME: "/h" }).data, "/d");
});

Deno.test("readConfig() takes what a person types", () => {
  const config = readConfig({
    host: "[::1]",
    port: "0",
    registration: "closed",
    cert: "cert.pem",
    key: "key.pem",
    engine: "quiche",
    quota: "1.5GiB",
    maxFile: "0",
    keepFiles: "7",
    logLevel: "debug",
    logFormat: "json",
    limits: { maxConnections: 5 },
  });
  assert.deepEqual([config.host, config.port, config.registration], ["::1", 0, "closed"]);
  assert.deepEqual(config.certificate, { certFile: "cert.pem", keyFile: "key.pem" });
  assert.deepEqual([config.engine, config.logLevel, config.logFormat], ["quiche", "debug", "json"]);
  assert.deepEqual(config.files, { quota: 1.5 * 2 ** 30, largest: 0, keep: 7 * DAY });
  assert.deepEqual(config.limits, { ...SERVER_LIMITS, maxConnections: 5 });
});

Deno.test("readConfig() takes a file for keys from the environment at the level trace only", () => {
  const env = { SSLKEYLOGFILE: "/tmp/keys" };
  for (const logLevel of [undefined, "info", "debug"]) {
    assert.equal(readConfig({ logLevel }, env).keyLog, undefined);
  }
  assert.equal(readConfig({ logLevel: "trace" }, env).keyLog, "/tmp/keys");
  assert.equal(readConfig({ logLevel: "trace" }, { SSLKEYLOGFILE: "" }).keyLog, undefined);
});

Deno.test("readConfig() cannot be changed afterwards", () => {
  const config = readConfig({ cert: "c", key: "k" });
  for (const part of [config, config.limits, config.files, config.certificate]) {
    assert.ok(Object.isFrozen(part));
  }
});

for (
  const [options, message] of [
    [{ port: "http" }, /--port is http: give a number from 0/],
    [{ port: 65_536 }, /--port is 65536/],
    [{ port: "-1" }, /--port/],
    [{ port: "4433.5" }, /--port/],
    [{ port: "" }, /--port/],
    [{ host: "" }, /--host is empty/],
    [{ registration: "maybe" }, /--registration is maybe: give one of open, invite, closed/],
    [{ engine: "tls" }, /--engine is tls: give one of auto, quiche, builtin/],
    [{ quota: "much" }, /--quota is much. Give a size like/],
    [{ maxFile: "-1" }, /--max-file is -1/],
    [{ keepFiles: "0" }, /--keep-files is 0: give a number of days from 1/],
    [{ keepFiles: 1.5 }, /--keep-files is 1.5/],
    [{ logLevel: "loud" }, /--log-level/],
    [{ logFormat: "xml" }, /--log-format/],
    [{ cert: "cert.pem" }, /--cert is given without --key/],
    [{ key: "key.pem" }, /--key is given without --cert/],
  ] satisfies [ServerOptions, RegExp][]
) {
  Deno.test(`readConfig() says what is wrong with ${JSON.stringify(options)}`, () => {
    assert.throws(() => readConfig(options), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, message);
      return true;
    });
  });
}
