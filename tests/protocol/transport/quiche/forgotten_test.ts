/** A client whose server was restarted: the new process knows nothing of the connection. */
import assert from "node:assert/strict";
import { engine as builtin } from "../../../../protocol/transport/builtin.ts";
import { engine as quiche } from "../../../../protocol/transport/quiche/engine.ts";
import { UdpRelay } from "../../../helpers/udp_relay.ts";
import {
  accepted,
  dial,
  echo,
  equalBytes,
  listen,
  openPair,
  pattern,
  readExactly,
} from "../contract/pair.ts";

for (const engine of [quiche, builtin]) {
  Deno.test(`Connection.forgotten() resolves when a server on ${engine.name} was restarted`, async () => {
    await using first = await listen(engine);
    await using restarted = await listen(engine);
    await using relay = new UdpRelay(first.address);
    const dialling = dial(quiche, relay.port, { limits: { keepAlive: 200 } });
    const server = await accepted(first);
    await using client = await dialling;
    let signs = 0;
    const forgotten = client.forgotten().then(() => signs++);
    const [one, other] = await openPair(client, server);
    void echo(other);
    const exchange = async () => {
      const sent = pattern(10_000);
      await one.write(sent);
      assert.ok(equalBytes(await readExactly(one, sent.length), sent));
    };
    await exchange();
    assert.equal(signs, 0);

    relay.retarget(restarted.address);
    await forgotten;
    // It proves nothing: the connection goes on if the server is there after all.
    relay.retarget(first.address);
    await exchange();
  });
}
