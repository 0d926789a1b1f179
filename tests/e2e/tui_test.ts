/**
 * The interface in a real terminal (tmux): keys, what the screen shows, changes of size, a server that
 * goes away. Skipped, with a message, where there is no tmux.
 */
import assert from "node:assert/strict";
import { mkdir, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Sandbox, type ServerProgram, SOTTO } from "../helpers/sandbox.ts";
import { hasTerminal, Terminal } from "../helpers/terminal.ts";

const ignore = !hasTerminal();
if (ignore) console.warn("Skipped: the terminal tests need tmux (apt-get install tmux).");

/** The status line, above the input line. */
const STATUS = /#\w+ · [^\n]*\n>/;

interface Size {
  readonly columns?: number;
  readonly rows?: number;
}

/** Starts a client in a window, without signing in. */
function open(
  sandbox: Sandbox,
  person: string,
  args: readonly string[],
  size: Size = {},
): Terminal {
  const env = { ...sandbox.env(person), TERM: "tmux-256color" };
  return new Terminal([...SOTTO, "client", ...args], { cwd: sandbox.folder, env, ...size });
}

/**
 * Gives a window that shows a draft another width. Each row MUST then be there once: what the
 * terminal has wrapped is erased. tmux reports a width up to 250 ms late, and what a program draws
 * meanwhile, such as a new latency, is not erased. So this tries a few times.
 */
async function resizeCleanly(terminal: Terminal, columns: number): Promise<void> {
  const before = Number(terminal.query("#{pane_width}"));
  const draft = columns < 40 ? "> a draft of some\nlength" : "> a draft .* goes on\n";
  const drawn = new RegExp(`(?:^|\\n) #general · [^\\n]{1,${columns}}\\n${draft}`);
  for (let attempt = 0; attempt < 4; attempt++) {
    terminal.resize(columns, 24);
    const screen = await terminal.until(drawn);
    if (count(screen, /#general · /) === 1) return;
    terminal.press("C-l");
    terminal.resize(before, 24);
    await terminal.until(/^ #general · [^]*> a draft/);
  }
  assert.fail(`The status line is there more than once:\n${terminal.screen}`);
}

/** Starts a client in a window, and waits until its interface is drawn. */
async function signIn(
  sandbox: Sandbox,
  person: string,
  { port, pin }: ServerProgram,
  size?: Size,
): Promise<Terminal> {
  const file = await sandbox.passwordFile(person);
  const address = `${person}@127.0.0.1:${port}`;
  const terminal = open(sandbox, person, ["--pin", pin, "--password-file", file, address], size);
  await terminal.until(STATUS);
  return terminal;
}

function count(text: string, pattern: RegExp): number {
  return [...text.matchAll(new RegExp(pattern, "g"))].length;
}

Deno.test(
  "the interface: users sign in, write to rooms and to each other, and reply",
  { ignore },
  async () => {
    await using sandbox = await Sandbox.make();
    const server = await sandbox.server();
    using ann = open(sandbox, "ann", [`ann@127.0.0.1:${server.port}`]);
    await ann.until(/Unknown server [^]*\(yes\/no\)\s*\?/);
    ann.enter("yes");
    await ann.until(/Password of ann on .*:/);
    ann.enter("pässword of ann");
    await ann.until(/nobody else is online\n>/);
    ann.enter("/create workshop");
    await ann.until(/#workshop · /);
    using bob = await signIn(sandbox, "bob", server);
    await ann.until(/#workshop · quic.* · bob\n>/);
    bob.type("/join wo");
    bob.press("Tab");
    await bob.until(/> \/join workshop/);
    bob.press("Enter");
    await bob.until(/#workshop · /);
    bob.enter("hello 日本 👋");
    await ann.until(/\d\d:\d\d bob: hello 日本 👋/);
    bob.enter("@ann psst");
    await ann.until(/bob -> you: psst[^]*#workshop · 1 bob · /);
    ann.enter("/r what is it?");
    await bob.until(/ann -> you: what is it\?/);
    await ann.until(/you -> bob: what is it\?[^]*#workshop · quic/);
    assert.equal(count(ann.screen, /what is it/), 1, "it is shown once, when it is stored");

    bob.type("@a");
    bob.press("Tab");
    await bob.until(/> @ann/);
    bob.type("see ");
    bob.press("C-a");
    bob.type("x");
    bob.press("C-k");
    await bob.until(/> x$/m);
    bob.press("C-y");
    bob.press("Home");
    bob.press("Delete");
    await bob.until(/> @ann see/);
    bob.press("C-u");
    bob.press("C-e");
    bob.press("C-u");
    bob.press("Up");
    await bob.until(/> @ann psst/);

    ann.press("C-c");
    await ann.until(/left: 0/);
    await bob.until(/\* ann went offline/);
    assert.doesNotMatch(ann.screen + bob.screen, /pässword/);
  },
);

Deno.test(
  "the interface: opens a sealed message with the right key only, and shows no keys",
  { ignore },
  async () => {
    await using sandbox = await Sandbox.make();
    const server = await sandbox.server();
    using ann = await signIn(sandbox, "ann", server);
    using bob = await signIn(sandbox, "bob", server);
    bob.enter("@secret ann");
    await bob.until(/Key of the message to ann \(not shown\):/);
    bob.enter("Tr0ub4dor");
    await bob.until(/Secret text for ann:/);
    bob.enter("the plan");
    await bob.until(/\[sealed to ann\]/);
    await ann.until(/\[sealed from bob, \/open 1\]/);
    ann.type("a draft");
    ann.press("C-u");
    ann.press("Enter");
    await ann.until(/Key of the message from bob \(not shown\):/);
    ann.enter("wr0ng");
    await ann.until(/! That is the wrong key/);
    ann.press("Enter");
    await ann.until(/Key of the message from bob[^\n]*:\s*$/);
    ann.enter("Tr0ub4dor");
    await ann.until(/\[opened, from bob\] the plan/);
    assert.doesNotMatch(ann.screen + bob.screen, /Tr0ub4dor|wr0ng/);
  },
);

Deno.test(
  "the interface: keeps its rows when the window changes, and sends pasted lines as one message",
  { ignore },
  async () => {
    await using sandbox = await Sandbox.make();
    const server = await sandbox.server();
    using ann = await signIn(sandbox, "ann", server);
    using bob = await signIn(sandbox, "bob", server, { columns: 40, rows: 12 });
    ann.paste("one\ntwo\nthree");
    await ann.until(/> one\ntwo\nthree/);
    ann.press("Enter");
    await bob.until(/ann: one\n {6}┆ two\n {6}┆ three/);
    ann.enter("/help"); // A full window: tmux keeps less of one that is not.
    await ann.until(/sign out and leave; the next start asks/);
    ann.type("a draft of some length that goes on");
    await ann.until(/> a draft of some length that goes on$/m);
    for (const columns of [40, 20, 100, 40, 80]) await resizeCleanly(ann, columns);
    ann.press("Enter");
    await bob.until(/ann: a draft of some/);
    bob.resize(20, 6);
    bob.enter("x".repeat(100));
    await ann.until(/bob: x{60}/);
  },
);

Deno.test(
  "the interface: loses nothing when the server restarts while a user types",
  { ignore },
  async () => {
    await using sandbox = await Sandbox.make();
    const server = await sandbox.server();
    using ann = await signIn(sandbox, "ann", server);
    using bob = await signIn(sandbox, "bob", server);
    await ann.until(/ · bob\n/);
    server.program.kill("SIGTERM");
    await server.program.exit();
    await ann.until(/reconnecting (in \d+ s|now)/);
    ann.enter("said offline");
    await ann.until(/waiting: said offline/);
    ann.type("half a");
    await sandbox.server({ port: server.port });
    await ann.until(/ann: said offline/);
    await bob.until(/ann: said offline/);
    ann.enter(" line");
    await bob.until(/ann: half a line/);
    assert.equal(count(bob.screen, /said offline/), 1);
    assert.doesNotMatch(ann.screen, /waiting:/);
  },
);

Deno.test(
  "the interface: keeps its rows when something is written on standard error",
  { ignore },
  async () => {
    await using sandbox = await Sandbox.make();
    const server = await sandbox.server();
    const file = await sandbox.passwordFile("ann");
    using ann = open(sandbox, "ann", [
      ...["--log-level", "debug", "--pin", server.pin, "--password-file", file],
      `ann@127.0.0.1:${server.port}`,
    ]);
    await ann.until(STATUS);
    server.program.kill("SIGTERM");
    await server.program.exit();
    await ann.until(/reconnecting (in \d+ s|now)/);
    await sandbox.server({ port: server.port });
    const screen = await ann.until(/ debug [^]*\* connected again[^]*#general · (quic|tls)/);
    assert.equal(count(screen, /#general · /), 1, screen);
  },
);

Deno.test(
  "the interface: shows the progress of files, and where they were written",
  { ignore },
  async () => {
    await using sandbox = await Sandbox.make();
    const server = await sandbox.server();
    const downloads = join(sandbox.folder, "downloads");
    await mkdir(downloads);
    const plan = join(sandbox.folder, "plan.bin");
    await writeFile(plan, "");
    await truncate(plan, 48 * 1024 * 1024);
    using ann = await signIn(sandbox, "ann", server);
    const file = await sandbox.passwordFile("bob");
    using bob = open(sandbox, "bob", [
      ...["--pin", server.pin, "--password-file", file, "--downloads", downloads],
      `bob@127.0.0.1:${server.port}`,
    ]);
    await bob.until(STATUS);
    ann.enter(`/send @bob ${plan}`);
    await ann.until(/↑ plan\.bin [█░]+ \d+ %/);
    await bob.until(/ann -> you: \[file plan\.bin, 48\.0 MiB; \/accept 1\]/);
    bob.enter("/accept");
    await bob.until(/↓ plan\.bin [█░]+ \d+ %/);
    await bob.until(/received plan\.bin:/);
    const { size } = await Deno.stat(join(downloads, "plan.bin"));
    assert.equal(size, 48 * 1024 * 1024);
    assert.doesNotMatch(ann.screen + bob.screen, /[█░]/);
  },
);

const HOSTILE = "\u001b]0;owned\u0007\u001b[2J\u001b[?25l\u001b[31m\u009b7m\u202eevil\u0008\r" +
  "e" + "\u0301".repeat(300) + "\u001b[?1049h\u000e\u001b(0\u001b[?1000h";

Deno.test(
  "the interface: neutralizes control sequences of other users",
  { ignore },
  async () => {
    await using sandbox = await Sandbox.make();
    const server = await sandbox.server();
    await using bob = await sandbox.signIn("bob", server);
    using ann = await signIn(sandbox, "ann", server);
    const title = ann.query("#{pane_title}");
    bob.writeLine(HOSTILE);
    bob.writeLine(`@ann ${HOSTILE}`);
    bob.writeLine(`/topic ${HOSTILE.slice(0, 40)}`);
    bob.writeLine("plain again");
    const screen = await ann.until(/bob: plain again[^]*#general · /);
    assert.match(screen, /bob: ␛\]0;owned␇␛\[2J/);
    assert.equal(ann.query("#{pane_title}"), title);
    assert.equal(ann.query("#{cursor_flag}#{alternate_on}#{mouse_standard_flag}"), "100");
    ann.enter("qqqq lines");
    await ann.until(/ann: qqqq lines/); // Not drawn as boxes.
    ann.enter("/quit");
    await ann.until(/left: 0/);
    assert.equal(ann.query("#{cursor_flag}#{alternate_on}#{mouse_standard_flag}"), "100");
  },
);

Deno.test(
  "the interface: restores the terminal at Ctrl-C, a second Ctrl-C and SIGTERM",
  { ignore },
  async () => {
    await using sandbox = await Sandbox.make();
    const server = await sandbox.server();
    const file = await sandbox.passwordFile("ann");
    const client = [...SOTTO, "client", "--pin", server.pin, "--password-file", file]
      .concat(`ann@127.0.0.1:${server.port}`).map((word) => `'${word}'`).join(" ");
    // A shell tells what the terminal is like before and after, and the client's own number.
    const script = `stty -g >before; sh -c 'echo $$ >pid; exec "$@"' - ${client}; ` +
      `echo "code: $?"; stty -g >after; cmp before after && echo "as before"`;
    const start = () =>
      new Terminal(["sh", "-c", script], { cwd: sandbox.folder, env: sandbox.env("ann") });
    {
      using terminal = start();
      await terminal.until(STATUS);
      terminal.type("half a line");
      await terminal.until(/> half a line/);
      terminal.press("C-c");
      await terminal.until(/code: 0\nas before/);
      terminal.enter("echoed");
      await terminal.until(/echoed/);
    }
    {
      using terminal = start();
      await terminal.until(STATUS);
      const pid = Number(await Deno.readTextFile(join(sandbox.folder, "pid")));
      Deno.kill(pid, "SIGTERM");
      await terminal.until(/code: 0\nas before/);
    }
    using terminal = start();
    await terminal.until(STATUS);
    server.program.kill("SIGSTOP");
    terminal.enter("never stored");
    await terminal.until(/… never stored/);
    terminal.press("C-c");
    await terminal.until(/Waiting for 1 message/);
    terminal.press("C-c");
    await terminal.until(/code: 1\nas before/);
    server.program.kill("SIGCONT");
  },
);
