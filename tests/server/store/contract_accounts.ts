/** What every store must pass about accounts and their logins. */
import assert from "node:assert/strict";
import { GENERAL } from "../../../protocol/names.ts";
import { AT, messageOf } from "../../helpers/messages.ts";
import { HASH, membersOf, type Rules, withPeople } from "./rule.ts";

export const ACCOUNT_RULES: Rules = {
  "numbers accounts from 1 and finds them by name and number": async (store) => {
    const ann = await store.accounts.create("ann", HASH, AT);
    const bob = await store.accounts.create("bob", HASH, AT + 1);
    assert.deepEqual(ann, {
      number: 1,
      name: "ann",
      passwordHash: HASH,
      createdAt: AT,
      status: "normal",
    });
    assert.equal(bob?.number, 2);
    assert.deepEqual(await store.accounts.byName("ann"), ann);
    assert.equal(await store.accounts.byName("eve"), undefined);
    assert.deepEqual(await store.accounts.byNumber(1), ann);
    assert.equal(await store.accounts.byNumber(3), undefined);
    assert.equal(await store.accounts.byNumber(0), undefined);
  },

  "creates no second account of one name, and leaves the first unchanged": async (store) => {
    await withPeople(store, "ann");
    assert.equal(await store.accounts.create("ann", "$other$", AT + 9), undefined);
    assert.equal((await store.accounts.byName("ann"))?.passwordHash, HASH);
    assert.deepEqual(await membersOf(store, GENERAL), ["ann"]);
    assert.equal((await store.accounts.create("bob", HASH, AT))?.number, 2);
  },

  "changes a password hash": async (store) => {
    await withPeople(store, "ann");
    await store.accounts.setPasswordHash("ann", "$new$");
    assert.equal((await store.accounts.byName("ann"))?.passwordHash, "$new$");
  },

  "adds a new account to room:general, with earlier messages marked as seen": async (store) => {
    await withPeople(store, "ann");
    await store.messages.append([messageOf(1), messageOf(2)]);
    await withPeople(store, "bob");
    assert.deepEqual(await store.conversations.states("bob"), [{
      conversation: GENERAL,
      seq: 2,
      mark: 2,
      unread: 0,
    }]);
    assert.deepEqual(await membersOf(store, GENERAL), ["ann", "bob"]);
  },
};

export const LOGIN_RULES: Rules = {
  "keeps logins until they are ended or expire": async (store) => {
    await withPeople(store, "ann");
    const row = { id: "one", account: "ann", createdAt: AT, expiresAt: AT + 1_000 };
    await store.logins.create(row);
    await store.logins.create({ ...row, id: "two", expiresAt: AT + 2_000 });
    await store.logins.create({ ...row, id: "three", expiresAt: AT + 3_000 });
    assert.deepEqual(await store.logins.get("one"), row);
    await store.logins.end("three");
    await store.logins.end("never was");
    await store.logins.removeExpired(AT + 1_000);
    assert.equal(await store.logins.get("one"), undefined);
    assert.equal((await store.logins.get("two"))?.id, "two");
    assert.equal(await store.logins.get("three"), undefined);
  },

  "creates no login for an account that does not exist": async (store) => {
    await assert.rejects(
      store.logins.create({ id: "one", account: "eve", createdAt: AT, expiresAt: AT + 1 }),
    );
  },
};
