/**
 * `sotto client --plain` in a real terminal (tmux): first contact, hidden prompts, messages between
 * two windows. Skipped, with a message, where there is no tmux.
 */
import assert from "node:assert/strict";
import { Sandbox, type ServerProgram, SOTTO } from "../helpers/sandbox.ts";
import { hasTerminal, Terminal } from "../helpers/terminal.ts";

const ignore = !hasTerminal();
if (ignore) console.warn("Skipped: the terminal tests need tmux (apt-get install tmux).");

function client(sandbox: Sandbox, person: string, ...args: string[]): Terminal {
  const options = { cwd: sandbox.folder, env: sandbox.env(person), columns: 100, rows: 40 };
  return new Terminal([...SOTTO, "client", "--plain", ...args], options);
}

/** Answers the questions of first contact and of signing in. */
async function signIn(terminal: Terminal, person: string, { pin }: ServerProgram): Promise<void> {
  await terminal.until(/Unknown server [^]*\(yes\/no\)\?/);
  assert.ok(terminal.screen.includes(pin));
  terminal.enter("yes");
  await terminal.until(new RegExp(`Password of ${person} on .*:`));
  terminal.enter(`pässword of ${person}`);
  await terminal.until(/\* online: /);
}

Deno.test(
  "sotto client in a terminal: asks at first contact, signs in, and exchanges messages",
  { ignore },
  async () => {
    await using sandbox = await Sandbox.make();
    const server = await sandbox.server();
    const address = `127.0.0.1:${server.port}`;
    using ann = client(sandbox, "ann", `ann@${address}`);
    await signIn(ann, "ann", server);
    using bob = client(sandbox, "bob", address);
    await bob.until(/\(yes\/no\)\?/);
    bob.enter("yes");
    await bob.until(/Type R to register a new name, or L to log in:/);
    bob.enter("R");
    await bob.until(/Name on .*:/);
    bob.enter("bob");
    await bob.until(/Password of bob on .*:/);
    bob.type("wronX");
    bob.press("BSpace");
    bob.enter("g, but mine now");
    await bob.until(/Repeat the password:/);
    bob.enter("wrong, but mine now");
    await bob.until(/\* online: ann \(1\), bob \(2\)/);
    await ann.until(/\* bob is online/);

    ann.enter("hello all");
    await bob.until(/\d\d:\d\d ann: hello all/);
    bob.enter("@ann hello you");
    await ann.until(/\d\d:\d\d bob -> you: hello you/);
    assert.equal(ann.screen.match(/hello all/g)?.length, 1, "one's own line is not repeated");

    bob.enter("@secret ann");
    await bob.until(/Key of the message to ann \(not shown\):/);
    bob.enter("Tr0ub4dor");
    await bob.until(/Secret text for ann:/);
    bob.enter("the plan");
    await ann.until(/\[sealed from bob, \/open 1\]/);
    ann.enter("/open");
    await ann.until(/Key of the message from bob \(not shown\):/);
    ann.enter("wr0ng");
    await ann.until(/! That is the wrong key/);
    ann.enter("/open 1");
    await ann.until(/wrong key[\s\S]*Key of the message from bob/);
    ann.enter("Tr0ub4dor");
    await ann.until(/\[opened, from bob\] the plan/);

    ann.press("C-c");
    await ann.until(/left: 0/);
    await bob.until(/\* ann went offline/);
    bob.press("C-d");
    await bob.until(/left: 0/);
    const shown = ann.screen + bob.screen;
    assert.doesNotMatch(shown, /pässword of|wrong, but|wronX|Tr0ub4dor|wr0ng/);
  },
);

Deno.test(
  "sotto client in a terminal: asks for a wrong password three times",
  { ignore },
  async () => {
    await using sandbox = await Sandbox.make();
    const server = await sandbox.server();
    const ann = await sandbox.signIn("ann", server);
    ann.writeLine("logout");
    await ann.exit();
    using terminal = client(
      sandbox,
      "ann",
      ...["--pin", server.pin, `ann@127.0.0.1:${server.port}`],
    );
    for (let attempt = 1; attempt <= 3; attempt++) {
      await terminal.until(new RegExp(`(Password of ann[^]*){${attempt}}`));
      terminal.enter("wrong");
    }
    const screen = await terminal.until(/left: 4/);
    assert.equal(screen.match(/The name or the password is wrong/g)?.length, 2);
  },
);

Deno.test(
  "sotto client in a terminal: exits at a no, and at Ctrl-C in a prompt",
  { ignore },
  async () => {
    await using sandbox = await Sandbox.make();
    const server = await sandbox.server();
    const address = `ann@127.0.0.1:${server.port}`;
    using careful = client(sandbox, "ann", address);
    await careful.until(/\(yes\/no\)\?/);
    careful.enter("no");
    await careful.until(/left: 2/);
    using hasty = client(sandbox, "ann", "--pin", server.pin, address);
    await hasty.until(/Password of ann/);
    hasty.press("C-c");
    await hasty.until(/left: \d/);
    // The terminal echoes again.
    hasty.enter("seen");
    await hasty.until(/seen/);
  },
);
