/** How the quiche engine closes, seen on the wire. */
import assert from "node:assert/strict";
import { engine as builtin } from "../../../../protocol/transport/builtin.ts";
import { engine as quiche } from "../../../../protocol/transport/quiche/engine.ts";
import { isLong } from "../../../../protocol/transport/quiche/header.ts";
import { UdpRelay } from "../../../helpers/udp_relay.ts";
import { connect, OVER_UDP } from "../contract/pair.ts";
import { within } from "../../../helpers/within.ts";

Deno.test("Connection.close arrives although the handshake is unconfirmed and a probe is due", async () => {
  const sent: ("close" | "handshake")[] = [];
  let closing = false;
  const through = (listener: { readonly address: { hostname: string; port: number } }) => {
    const relay = new UdpRelay(listener.address);
    let up = 0;
    relay.filter = (datagram, direction) => {
      if (direction === "up") up++;
      if (closing && direction === "up") sent.push(isLong(datagram) ? "handshake" : "close");
      // The server's acknowledgement of the handshake never comes.
      return direction === "down" && up > 1 ? undefined : datagram;
    };
    relays.use(relay);
    return relay.port;
  };
  await using relays = new AsyncDisposableStack();
  const subject = { name: "", server: builtin, client: quiche, nature: OVER_UDP };
  await using pair = await connect(subject, { port: through });
  closing = true;
  pair.client.close(5, "done");
  // The machine is busy with something else until the probe timeout has long passed.
  const end = performance.now() + 500;
  while (performance.now() < end);
  const close = { kind: "application", code: 5, reason: "done", by: "peer" };
  assert.deepEqual(await within(pair.server.closed, "the close"), close);
  await pair.client.closed;
  assert.ok(sent.filter((kind) => kind === "handshake").length < 10, `${sent.length} datagrams`);
});
