import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Writable } from "node:stream";
import { Input } from "../../../client/ui/input.ts";
import { PasswordFileError, readPassword, TerminalPrompts } from "../../../client/ui/prompt.ts";

const REQUEST = { user: "ann", attempt: 0, signal: new AbortController().signal };

class Asked implements Disposable {
  readonly stdin = Object.assign(new PassThrough(), { isTTY: false, setRawMode() {} });
  screen = "";
  readonly input: Input;
  readonly prompts: TerminalPrompts;

  constructor({ typed = "", isTTY = true, invited = false, password, announced }: {
    typed?: string;
    isTTY?: boolean;
    invited?: boolean;
    password?: string;
    announced?: string;
  }) {
    this.stdin.isTTY = isTTY;
    this.stdin.end(typed);
    const stderr = new Writable({
      write: (chunk, _, done) => {
        this.screen += chunk;
        done();
      },
    });
    this.input = new Input({ stdin: this.stdin, stderr, onInterrupt() {} });
    const { input } = this;
    const server = "chat:4433";
    this.prompts = new TerminalPrompts({ input, server, announced, password, invited });
  }

  [Symbol.dispose](): void {
    this.input.close();
  }
}

Deno.test("TerminalPrompts asks who logs in for name and password", async () => {
  using asked = new Asked({ typed: "what?\nL\nann\npass word\r" });
  const credentials = await asked.prompts.credentials({ ...REQUEST, user: undefined });
  assert.deepEqual(credentials, { user: "ann", password: "pass word", intent: "login" });
  assert.match(asked.screen, /R to register .*, L to log in/);
  assert.match(asked.screen, /Name on chat:4433: /);
  assert.match(asked.screen, /Password of ann on chat:4433: /);
  assert.doesNotMatch(asked.screen, /pass word/);
});

Deno.test("TerminalPrompts asks who registers for the password twice", async () => {
  using asked = new Asked({ typed: "r\nann\nmine\rmime\rmine\rmine\r" });
  const credentials = await asked.prompts.credentials({ ...REQUEST, user: undefined });
  assert.deepEqual(credentials, { user: "ann", password: "mine", intent: "register" });
  assert.match(asked.screen, /not the same/);
  assert.doesNotMatch(asked.screen, /mine|mime/);
});

Deno.test("TerminalPrompts asks who is invited for a name and a password alone", async () => {
  using asked = new Asked({ typed: "ann\nmine\rmine\r", invited: true });
  const credentials = await asked.prompts.credentials({ ...REQUEST, user: undefined });
  assert.deepEqual(credentials, { user: "ann", password: "mine" });
  assert.doesNotMatch(asked.screen, /R to register/);
  using named = new Asked({ typed: "mine\rmine\rtheirs\r", invited: true });
  assert.equal((await named.prompts.credentials(REQUEST))?.password, "mine");
  assert.equal((await named.prompts.credentials({ ...REQUEST, attempt: 1 }))?.password, "theirs");
});

Deno.test("TerminalPrompts takes no third wrong answer for a choice", async () => {
  using asked = new Asked({ typed: "a\nb\nc\nl\n" });
  assert.equal(await asked.prompts.credentials({ ...REQUEST, user: undefined }), undefined);
});

Deno.test("TerminalPrompts gives the password from a file once, then asks", async () => {
  using asked = new Asked({ typed: "typed\r", password: "from file" });
  assert.equal((await asked.prompts.credentials(REQUEST))?.password, "from file");
  assert.equal((await asked.prompts.credentials(REQUEST))?.password, "typed");
});

Deno.test("TerminalPrompts asks nothing without a terminal", async () => {
  using asked = new Asked({ typed: "ann\npw\nk\nyes\n", isTTY: false });
  const { prompts } = asked;
  assert.equal(await prompts.credentials(REQUEST), undefined);
  assert.equal(await prompts.passphrase("open", "bob"), undefined);
  assert.equal(await prompts.secretText("bob"), undefined);
  assert.equal(await prompts.confirmServer("SHA256:x"), false);
  assert.equal(asked.screen, "");
  assert.equal(await asked.input.line(), "ann", "and takes nothing from what is typed");
});

Deno.test("TerminalPrompts shows the key of an unknown server, and takes only a clear yes", async () => {
  for (
    const [typed, trusted] of [
      ["yes\n", true],
      ["Y\n", true],
      ["no\n", false],
      ["\nwhat\nyes\n", true],
      ["\n\n\nyes\n", false],
      ["", false],
    ] as const
  ) {
    using asked = new Asked({ typed });
    assert.equal(await asked.prompts.confirmServer("SHA256:abc"), trusted, JSON.stringify(typed));
    assert.match(asked.screen, /SHA256:abc/);
  }
});

Deno.test("TerminalPrompts asks for the key of a secret message without echo", async () => {
  using asked = new Asked({ typed: "k3y\rthe text\n" });
  assert.equal(await asked.prompts.passphrase("seal", "bob"), "k3y");
  assert.equal(await asked.prompts.secretText("bob"), "the text");
  assert.doesNotMatch(asked.screen, /k3y/);
});

Deno.test("readPassword takes the first line of a file or of the input", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sotto-"));
  try {
    const file = join(folder, "password");
    await writeFile(file, "pass word\r\nanother line\n");
    using asked = new Asked({ typed: "from input\nhello\n", isTTY: false });
    assert.equal(await readPassword(file, asked.input), "pass word");
    assert.equal(await readPassword("-", asked.input), "from input");
    assert.equal(await asked.input.line(), "hello");
    await writeFile(file, "\nsecond");
    await assert.rejects(readPassword(file, asked.input), PasswordFileError);
    await writeFile(file, "x".repeat(1025));
    await assert.rejects(readPassword(file, asked.input), /more than 1024 bytes/);
    await assert.rejects(readPassword(join(folder, "absent"), asked.input), PasswordFileError);
  } finally {
    await rm(folder, { recursive: true });
  }
});

Deno.test("TerminalPrompts says whether the network announced the key, and asks all the same", async () => {
  const cases = [["SHA256:abc", /announced so/], [
    "SHA256:xyz",
    /Another key .* SHA256:xyz/,
  ]] as const;
  for (const [announced, said] of cases) {
    using asked = new Asked({ typed: "no\n", announced });
    assert.equal(await asked.prompts.confirmServer("SHA256:abc"), false);
    assert.match(asked.screen, said);
    assert.match(asked.screen, /Is it the same \(yes\/no\)\?/);
  }
});
