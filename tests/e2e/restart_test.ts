/**
 * A client that is idle while its server is killed and started again: it finds out by itself, and
 * does not wait until the old connection has been silent for too long.
 */
import assert from "node:assert/strict";
import { eventsOf, Sandbox } from "../helpers/sandbox.ts";
import { poll } from "../helpers/within.ts";

/** The end of the session in the client's log. It would be `idle` or `silence` after a long wait. */
const FORGOTTEN = /closed by="network" code="forgotten"/;

for (const engine of ["builtin", "quiche"]) {
  Deno.test(`sotto client comes back to a server on ${engine} that was killed while it was idle`, async () => {
    await using sandbox = await Sandbox.make();
    const args = ["--engine", engine];
    const first = await sandbox.server({ args });
    const ann = await sandbox.signIn("ann", first, "--log-level", "debug", "--transport", "quic");
    ann.writeLine("before");
    await ann.event({ event: "ack", seq: 1 });
    const signIns = () => eventsOf(ann).filter(({ event }) => event === "authenticated").length;
    assert.equal(signIns(), 1);

    first.program.kill("SIGKILL");
    assert.equal(await first.program.exit(), "SIGKILL");
    await sandbox.server({ args, port: first.port });
    await poll(() => signIns() === 2 || undefined, () => `the second sign-in\n${ann.stderr}`);
    assert.match(ann.stderr, FORGOTTEN);
    ann.writeLine("after");
    await ann.event({ event: "ack", seq: 2 });
    ann.end();
    assert.equal(await ann.exit(), 0);
    const acks = eventsOf(ann).filter(({ event }) => event === "ack").map(({ seq }) => seq);
    assert.deepEqual(acks, [1, 2]);
  });
}
