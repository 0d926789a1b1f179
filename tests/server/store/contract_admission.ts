/** What every store must pass about invitations and admins (`server/store/admission_store.ts`). */
import assert from "node:assert/strict";
import { GENERAL } from "../../../protocol/names.ts";
import type { NewInvite } from "../../../server/store/admission_store.ts";
import { AT } from "../../helpers/messages.ts";
import { HASH, membersOf, type Rule, withPeople } from "./rule.ts";

const DAY = 24 * 60 * 60 * 1000;
const code = (byte: number) => new Uint8Array(32).fill(byte);

function invite(byte: number, more: Partial<NewInvite> = {}): NewInvite {
  return { hash: code(byte), uses: 1, madeAt: AT, expiresAt: AT + DAY, by: undefined, ...more };
}

export function admissionContract(rule: Rule): void {
  rule("makes as many accounts with an invitation as it has uses", async (store) => {
    const { admission } = store;
    assert.equal(await admission.invite(invite(1, { uses: 2 })), 1);
    const ann = await admission.createAccount("ann", HASH, AT, code(1));
    assert.ok(typeof ann === "object");
    assert.deepEqual([ann.number, ann.name, ann.passwordHash], [1, "ann", HASH]);
    assert.deepEqual(await membersOf(store, GENERAL), ["ann"]);
    assert.equal(await admission.isGood(code(1), AT), true);
    // What is refused counts for nothing.
    assert.equal(await admission.createAccount("ann", HASH, AT, code(1)), "name_taken");
    assert.equal(typeof await admission.createAccount("bob", HASH, AT, code(1)), "object");
    assert.equal(await admission.isGood(code(1), AT), false);
    assert.equal(await admission.createAccount("carl", HASH, AT, code(1)), "bad_code");
    assert.equal(await store.account("carl"), undefined);
  });

  rule("lets one of many in who come at once with one use", async (store) => {
    const { admission } = store;
    await admission.invite(invite(1));
    const names = Array.from({ length: 20 }, (_, index) => `p${index}`);
    const results = await Promise.all(
      names.map((name) => admission.createAccount(name, HASH, AT, code(1))),
    );
    assert.equal(results.filter((result) => typeof result === "object").length, 1);
    assert.equal(results.filter((result) => result === "bad_code").length, 19);
    assert.equal((await membersOf(store, GENERAL)).length, 1);
  });

  rule("takes no code that is unknown, expired or withdrawn", async ({ admission }) => {
    const first = await admission.invite(invite(1));
    await admission.invite(invite(2));
    assert.equal(await admission.createAccount("ann", HASH, AT, code(3)), "bad_code");
    assert.equal(await admission.createAccount("ann", HASH, AT + DAY, code(1)), "bad_code");
    assert.equal(await admission.isGood(code(1), AT + DAY - 1), true);
    assert.equal(await admission.withdraw(first), true);
    assert.equal(await admission.withdraw(first), false);
    assert.equal(await admission.createAccount("ann", HASH, AT, code(1)), "bad_code");
    assert.equal(typeof await admission.createAccount("ann", HASH, AT, code(2)), "object");
  });

  rule("lists the invitations that are good, and never gives a number again", async (store) => {
    const { admission } = store;
    await withPeople(store, "ann");
    await admission.invite(invite(1, { by: "ann", uses: 3 }));
    await admission.invite(invite(2, { expiresAt: AT + 1 }));
    await admission.createAccount("bob", HASH, AT, code(1));
    const row = { uses: 3, used: 1, madeAt: AT, expiresAt: AT + DAY, by: "ann" };
    const second = { uses: 1, used: 0, madeAt: AT, expiresAt: AT + 1, by: undefined };
    assert.deepEqual(await admission.invites(AT), [
      { number: 1, ...row },
      { number: 2, ...second },
    ]);
    assert.deepEqual(await admission.invites(AT + 1), [{ number: 1, ...row }]);
    await admission.endExpiredInvites(AT + 1);
    assert.equal(await admission.invite(invite(3)), 3);
    assert.deepEqual((await admission.invites(AT)).map(({ number }) => number), [1, 3]);
  });

  rule("knows its admins when it is opened again", async (store, place) => {
    await withPeople(store, "ann", "bob");
    assert.equal(await store.admission.setAdmin("bob", true), true);
    assert.equal(await store.admission.setAdmin("nobody", true), false);
    await store.admission.invite(invite(1));
    await store[Symbol.asyncDispose]();
    await using again = await place.open();
    const { admission } = again;
    assert.deepEqual(await admission.admins(), ["bob"]);
    assert.equal(await admission.isAdmin("bob"), true);
    assert.equal(await admission.isAdmin("ann"), false);
    assert.equal(await admission.isGood(code(1), AT), true);
    assert.equal(await admission.setAdmin("bob", false), true);
    assert.deepEqual(await admission.admins(), []);
  });
}
