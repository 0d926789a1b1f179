/**
 * Holds `docs/security.md` to naming a test for each claim. Whether the test holds the claim is for
 * people to judge; that there is one, and that it still exists, is judged here.
 */
import assert from "node:assert/strict";
import { faultsOf, readSecurityPage } from "./helpers/security_page.ts";
import { findFiles, readText } from "./helpers/sources.ts";
import { testNamesOf } from "./helpers/test_names.ts";

const page = readSecurityPage(await readText("docs/security.md"));

Deno.test("docs/security.md has a test for each claim, or says why there is none", () => {
  assert.deepEqual(faultsOf(page), []);
});

Deno.test("docs/security.md names tests that exist", async () => {
  const files = await findFiles(/^/);
  const names = new Map<string, Set<string>>();
  for (const path of new Set(page.tests.map(({ path }) => path))) {
    const text = files.includes(path) ? await readText(path) : "";
    names.set(path, new Set(testNamesOf(path, text)));
  }
  const missing = page.tests.filter(({ path, name }) => !names.get(path)?.has(name));
  assert.deepEqual(missing.map(({ path, name }) => `${path}: "${name}"`), []);
});

Deno.test("Claims without a test are found, and references that lead nowhere", () => {
  const tests = '## The tests\n\nText.\n\n[^a]:\n    - `tests/a_test.ts`: "a does b"\n';
  const faults = (text: string) =>
    faultsOf(readSecurityPage(`# Page\n\n${text}\n\n${tests}`)).map((fault) =>
      fault.split(": ")[1]
    );
  assert.deepEqual(faults("**Cannot** read.[^a] **Can** write.<!-- weakness -->"), []);
  assert.deepEqual(faults("**Cannot** read.[^a] **Cannot** write."), ["no test"]);
  assert.deepEqual(faults("Read.[^a]\n\n- One.[^a]\n- Two.\n  Three."), ["no test"]);
  assert.deepEqual(faults("Text.[^a]\n\n| a | b |\n| - | - |\n| c | d [^a] |\n| e | f |"), [
    "no test",
  ]);
  assert.deepEqual(faults("Text.[^a]\n\n| a | b |\n| - | - |\n| [c](#page) | no |"), []);
  assert.deepEqual(faults("Read.[^a]\n**Cannot** write.<!-- weakness -->"), [
    "a promise without a test",
  ]);
  assert.deepEqual(faults("Read.[^a] Up to 8 of them.<!-- about -->"), ["a number without a test"]);
  assert.deepEqual(faults("Read.[^a] TLS 1.3 is by others.<!-- outside -->"), []);
  assert.deepEqual(faults("Read.[^a] Write.<!-- perhaps -->"), ["unknown mark perhaps"]);
  assert.deepEqual(faults("Read.[^a][^b]"), ["[^b] is not defined"]);
  assert.deepEqual(faultsOf(readSecurityPage(`# Page\n\n${tests}`)), ["[^a] is not used"]);
  const strange = `# Page\n\nRead.[^a]\n\n${tests}    - a_test.ts: "c"\n`;
  assert.deepEqual(faultsOf(readSecurityPage(strange)), ['not read:     - a_test.ts: "c"']);
});

Deno.test("Names of tests are read in every form that they have", () => {
  const text = 'Deno.test("one", () => {});\n' +
    "for (const it of []) Deno.test(`two ${it} of ${it}`, { ignore }, () => {});\n" +
    'Deno.test({ name: "three", fn: (test) => test.step("step") });\nassert.ok("four");\n' +
    'export const R: Rules = { "five": () => {}, async "six"() {} };\n';
  assert.deepEqual(testNamesOf("x_test.ts", text), [
    "one",
    "two … of …",
    "three",
    "step",
    "five",
    "six",
  ]);
});
