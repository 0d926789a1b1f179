import assert from "node:assert/strict";
import { Input } from "../../../client/ui/input.ts";
import { type Asker, UserPrompts } from "../../../client/ui/prompts.ts";
import { testProgramIo } from "../../helpers/program_io.ts";

const REQUEST = { user: "ann", attempt: 0, signal: new AbortController().signal };

/** Prompts of which the answers are typed already. */
class Session implements Disposable {
  readonly input: Input;
  readonly prompts: UserPrompts;
  readonly #stderr: { readonly text: string };

  constructor({ typed = "", isTTY = true, invited = false, password, announced }: {
    typed?: string;
    isTTY?: boolean;
    invited?: boolean;
    password?: string;
    announced?: string;
  }) {
    const io = testProgramIo({ typed, isTerminal: isTTY });
    this.#stderr = io.stderr;
    this.input = new Input(io);
    const server = "chat:4433";
    this.prompts = new UserPrompts({ asker: this.input, server, announced, password, invited });
  }

  /** Everything that was written. */
  get screen(): string {
    return this.#stderr.text;
  }

  [Symbol.dispose](): void {
    this.input.close();
  }
}

Deno.test("UserPrompts asks for a name and a password to log in", async () => {
  using session = new Session({ typed: "what?\nL\nann\npass word\r" });
  const credentials = await session.prompts.credentials({ ...REQUEST, user: undefined });
  assert.deepEqual(credentials, { user: "ann", password: "pass word", intent: "login" });
  assert.equal(
    session.screen,
    "Type R to register a new name, or L to log in: Please type R or L: " +
      "Name on chat:4433: Password of ann on chat:4433: \n",
  );
});

Deno.test("UserPrompts asks for a new password twice, and again when the two differ", async () => {
  using session = new Session({ typed: "r\nann\nmine\rmime\rmine\rmine\r" });
  const credentials = await session.prompts.credentials({ ...REQUEST, user: undefined });
  assert.deepEqual(credentials, { user: "ann", password: "mine", intent: "register" });
  assert.match(session.screen, /\nThe two passwords differ\. Please try again\.\n/);
  assert.doesNotMatch(session.screen, /mine|mime/);
});

Deno.test("UserPrompts asks an invited user for a name and a new password only", async () => {
  using session = new Session({ typed: "ann\nmine\rmine\r", invited: true });
  const credentials = await session.prompts.credentials({ ...REQUEST, user: undefined });
  assert.deepEqual(credentials, { user: "ann", password: "mine" });
  assert.doesNotMatch(session.screen, /R to register/);
  using named = new Session({ typed: "mine\rmine\rtheirs\r", invited: true });
  assert.equal((await named.prompts.credentials(REQUEST))?.password, "mine");
  assert.equal((await named.prompts.credentials({ ...REQUEST, attempt: 1 }))?.password, "theirs");
});

Deno.test("UserPrompts asks once for the password of an account that exists, invited or not", async () => {
  using session = new Session({ typed: "mine\r", invited: true });
  const credentials = await session.prompts.credentials({ ...REQUEST, intent: "login" });
  assert.deepEqual(credentials, { user: "ann", password: "mine" });
});

Deno.test("UserPrompts gives up after three wrong answers", async () => {
  using session = new Session({ typed: "a\nb\nc\nl\n" });
  assert.equal(await session.prompts.credentials({ ...REQUEST, user: undefined }), undefined);
});

Deno.test("UserPrompts gives the password from a file once, then asks", async () => {
  using session = new Session({ typed: "typed\r", password: "from file" });
  assert.equal((await session.prompts.credentials(REQUEST))?.password, "from file");
  assert.equal((await session.prompts.credentials(REQUEST))?.password, "typed");
});

Deno.test("UserPrompts asks nothing without a terminal", async () => {
  using session = new Session({ typed: "ann\npw\nk\nyes\n", isTTY: false });
  const { prompts } = session;
  assert.equal(await prompts.credentials(REQUEST), undefined);
  assert.equal(await prompts.passphrase("open", "bob"), undefined);
  assert.equal(await prompts.secretText("bob"), undefined);
  assert.equal(await prompts.confirmServer("SHA256:x"), false);
  assert.equal(session.screen, "");
  assert.equal(await session.input.line(), "ann", "and reads nothing of the input");
});

Deno.test("UserPrompts shows the key of an unknown server, and takes only a clear yes", async () => {
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
    using session = new Session({ typed });
    assert.equal(await session.prompts.confirmServer("SHA256:abc"), trusted, JSON.stringify(typed));
    const [, ...repeated] = session.screen.split(
      /^Unknown server chat:4433\. It shows this key:$/m,
    );
    assert.match(repeated.join(), /^\n {2}SHA256:abc\nCompare the key .*\(yes\/no\)\? /);
  }
});

Deno.test("UserPrompts says whether the network announces the key, and asks anyway", async () => {
  const cases = [
    ["SHA256:abc", /\nThe local network announces the same key, but anyone on it could /],
    ["SHA256:xyz", /\nThe local network announces another key, SHA256:xyz\.\nEither /],
  ] as const;
  for (const [announced, text] of cases) {
    using session = new Session({ typed: "no\n", announced });
    assert.equal(await session.prompts.confirmServer("SHA256:abc"), false);
    assert.match(session.screen, text);
    assert.match(session.screen, /Is it the same \(yes\/no\)\? $/);
  }
});

Deno.test("UserPrompts asks for the key of a secret message without echo", async () => {
  using session = new Session({ typed: "k3y\rthe text\nother\r" });
  assert.equal(await session.prompts.passphrase("seal", "bob"), "k3y");
  assert.equal(await session.prompts.secretText("bob"), "the text");
  assert.equal(await session.prompts.passphrase("open", "bob"), "other");
  assert.equal(
    session.screen,
    "Key of the message to bob (not shown): \nSecret text for bob: " +
      "Key of the message from bob (not shown): \n",
  );
});

Deno.test("UserPrompts makes names safe that a server sent", async () => {
  using session = new Session({ typed: "k3y\r" });
  await session.prompts.passphrase("open", "b\u001b[2Job");
  assert.match(session.screen, /from b␛\[2Job \(not shown\)/);
});

Deno.test("UserPrompts asks when earlier output is written, and where it was moved to", async () => {
  using session = new Session({ typed: "on the terminal\r" });
  const written = Promise.withResolvers<void>();
  session.prompts.ready = () => written.promise;
  const first = session.prompts.passphrase("open", "bob");
  assert.equal(session.screen, "");
  written.resolve();
  assert.equal(await first, "on the terminal");
  const asked: string[] = [];
  const asker: Asker = {
    isTerminal: true,
    ask: () => assert.fail("asked with echo"),
    askSecret(question) {
      asked.push(question);
      return Promise.resolve("elsewhere");
    },
    tell: () => {},
  };
  session.prompts.moveTo(asker);
  assert.equal(await session.prompts.passphrase("open", "bob"), "elsewhere");
  assert.deepEqual(asked, ["Key of the message from bob (not shown): "]);
});
