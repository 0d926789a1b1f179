/** What every store must pass about invitations and admins (`server/store/invitations.ts`). */
import assert from "node:assert/strict";
import { GENERAL } from "../../../protocol/names.ts";
import type { NewInvitation } from "../../../server/store/invitations.ts";
import { AT } from "../../helpers/messages.ts";
import { HASH, membersOf, type Rules, withPeople } from "./rule.ts";

const DAY = 24 * 60 * 60 * 1000;
const code = (byte: number) => new Uint8Array(32).fill(byte);

function invite(byte: number, more: Partial<NewInvitation> = {}): NewInvitation {
  return { hash: code(byte), uses: 1, madeAt: AT, expiresAt: AT + DAY, by: undefined, ...more };
}

export const INVITATION_RULES: Rules = {
  "creates as many accounts with an invitation as it has uses (rule 7)": async (store) => {
    assert.equal(await store.invitations.create(invite(1, { uses: 2 })), 1);
    const ann = await store.invitations.createAccount("ann", HASH, AT, code(1));
    assert.ok(typeof ann === "object");
    assert.deepEqual([ann.number, ann.name, ann.passwordHash], [1, "ann", HASH]);
    assert.deepEqual(await membersOf(store, GENERAL), ["ann"]);
    assert.equal(await store.invitations.isValid(code(1), AT), true);
    // What is refused counts for nothing.
    assert.equal(await store.invitations.createAccount("ann", HASH, AT, code(1)), "name_taken");
    assert.equal(typeof await store.invitations.createAccount("bob", HASH, AT, code(1)), "object");
    assert.equal(await store.invitations.isValid(code(1), AT), false);
    assert.equal(await store.invitations.createAccount("carl", HASH, AT, code(1)), "bad_code");
    assert.equal(await store.accounts.byName("carl"), undefined);
  },

  "creates one account of many that are asked for at once with one use (rule 7)": async (store) => {
    await store.invitations.create(invite(1));
    const names = Array.from({ length: 20 }, (_, index) => `p${index}`);
    const results = await Promise.all(
      names.map((name) => store.invitations.createAccount(name, HASH, AT, code(1))),
    );
    assert.equal(results.filter((result) => typeof result === "object").length, 1);
    assert.equal(results.filter((result) => result === "bad_code").length, 19);
    assert.equal((await membersOf(store, GENERAL)).length, 1);
  },

  "refuses a code that is unknown, expired or withdrawn": async (store) => {
    const first = await store.invitations.create(invite(1));
    await store.invitations.create(invite(2));
    assert.equal(await store.invitations.createAccount("ann", HASH, AT, code(3)), "bad_code");
    assert.equal(await store.invitations.createAccount("ann", HASH, AT + DAY, code(1)), "bad_code");
    assert.equal(await store.invitations.isValid(code(1), AT + DAY - 1), true);
    assert.equal(await store.invitations.withdraw(first), true);
    assert.equal(await store.invitations.withdraw(first), false);
    assert.equal(await store.invitations.createAccount("ann", HASH, AT, code(1)), "bad_code");
    assert.equal(typeof await store.invitations.createAccount("ann", HASH, AT, code(2)), "object");
  },

  "lists valid invitations, and never uses a number again": async (store) => {
    await withPeople(store, "ann");
    await store.invitations.create(invite(1, { by: "ann", uses: 3 }));
    await store.invitations.create(invite(2, { expiresAt: AT + 1 }));
    await store.invitations.createAccount("bob", HASH, AT, code(1));
    const row = { uses: 3, used: 1, madeAt: AT, expiresAt: AT + DAY, by: "ann" };
    const second = { uses: 1, used: 0, madeAt: AT, expiresAt: AT + 1, by: undefined };
    assert.deepEqual(await store.invitations.list(AT), [
      { number: 1, ...row },
      { number: 2, ...second },
    ]);
    assert.deepEqual(await store.invitations.list(AT + 1), [{ number: 1, ...row }]);
    await store.invitations.removeExpired(AT + 1);
    assert.equal(await store.invitations.create(invite(3)), 3);
    assert.deepEqual((await store.invitations.list(AT)).map(({ number }) => number), [1, 3]);
  },

  "keeps admins and invitations through a close": async (store, location) => {
    await withPeople(store, "ann", "bob");
    assert.equal(await store.accounts.setAdmin("bob", true), true);
    assert.equal(await store.accounts.setAdmin("nobody", true), false);
    await store.invitations.create(invite(1));
    await store[Symbol.asyncDispose]();
    await using again = await location.open();
    assert.deepEqual(await again.accounts.admins(), ["bob"]);
    assert.equal(await again.accounts.isAdmin("bob"), true);
    assert.equal(await again.accounts.isAdmin("ann"), false);
    assert.equal(await again.invitations.isValid(code(1), AT), true);
    assert.equal(await again.accounts.setAdmin("bob", false), true);
    assert.deepEqual(await again.accounts.admins(), []);
  },
};
