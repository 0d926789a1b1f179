import assert from "node:assert/strict";
import {
  type Choice,
  chooseChannels,
  type NetworkInterface,
  readInterfaces,
} from "../../../protocol/discovery/interfaces.ts";

const loopback = make("lo", ["127.0.0.1", "::1"], true);
const cable = make("eth0", ["192.0.2.7", "fe80::7", "2001:db8::7"]);
const wireless = make("wlan0", ["198.51.100.7"]);

function make(name: string, addresses: string[], internal = false): NetworkInterface {
  return { name, internal, addresses, networks: [], scope: name };
}

function channels(all: NetworkInterface[], choice: Choice = {}): string[] {
  return chooseChannels(all, choice).map(({ interface: { name }, family, addresses }) =>
    [name, family, ...addresses].join(" ")
  );
}

Deno.test("chooseChannels uses every network, and announces on each its own addresses", () => {
  assert.deepEqual(channels([loopback, cable, wireless]), [
    "eth0 udp4 192.0.2.7 2001:db8::7",
    "eth0 udp6 192.0.2.7 2001:db8::7",
    "wlan0 udp4 198.51.100.7",
  ]);
});

Deno.test("chooseChannels uses loopback when there is nothing else, or on request", () => {
  assert.deepEqual(channels([loopback]), ["lo udp4 127.0.0.1 ::1"]);
  assert.deepEqual(channels([loopback, wireless], { loopback: true }), [
    "lo udp4 127.0.0.1 ::1",
    "wlan0 udp4 198.51.100.7",
  ]);
});

Deno.test("chooseChannels chooses one interface, by its name or one of its addresses", () => {
  for (const only of ["wlan0", "198.51.100.7"]) {
    assert.deepEqual(channels([cable, wireless], { only }), ["wlan0 udp4 198.51.100.7"]);
  }
  assert.deepEqual(channels([cable, wireless], { only: "eth9" }), []);
});

Deno.test("chooseChannels announces only addresses that the server listens on", () => {
  assert.deepEqual(channels([loopback, cable, wireless], { host: "0.0.0.0" }), [
    "eth0 udp4 192.0.2.7",
    "eth0 udp6 192.0.2.7",
    "wlan0 udp4 198.51.100.7",
  ]);
  assert.deepEqual(channels([loopback, cable], { host: "127.0.0.1" }), ["lo udp4 127.0.0.1"]);
  assert.deepEqual(channels([loopback, cable], { host: "2001:db8::7" }), [
    "eth0 udp4 2001:db8::7",
    "eth0 udp6 2001:db8::7",
  ]);
});

Deno.test("chooseChannels announces link-local addresses when there are no others", () => {
  assert.deepEqual(channels([make("eth0", ["fe80::7"])]), ["eth0 udp6 fe80::7"]);
});

Deno.test("chooseChannels is bounded, in interfaces and in addresses", () => {
  const addresses = Array.from({ length: 100 }, (_, number) => `192.0.2.${number}`);
  const many = Array.from({ length: 100 }, (_, number) => make(`veth${number}`, addresses));
  const chosen = chooseChannels(many, {});
  assert.equal(chosen.length, 16);
  assert.equal(chosen[0]?.addresses.length, 4);
});

Deno.test("readInterfaces knows the networks of this machine's loopback", () => {
  const found = readInterfaces().find(({ addresses }) => addresses.includes("127.0.0.1"));
  assert.equal(found?.internal, true);
  assert.ok(found?.networks.includes("127.0.0.1/8"));
});
