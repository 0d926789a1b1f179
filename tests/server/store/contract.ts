/**
 * What every store must pass, rule by rule (`server/store/store.ts`). A store's own test file calls
 * `storeContract` with a way to open it; opening the same place again must show what was written.
 */
import assert from "node:assert/strict";
import { dmOf, GENERAL } from "../../../protocol/names.ts";
import { AT, messageOf, ulidOf } from "../../helpers/messages.ts";
import { filesContract } from "./contract_files.ts";
import { admissionContract } from "./contract_admission.ts";
import { placesContract } from "./contract_places.ts";
import { searchContract } from "./contract_search.ts";
import { statusContract } from "./contract_status.ts";
import { HASH, membersOf, type Rule, type StorePlace, withPeople } from "./rule.ts";

export function storeContract(name: string, makePlace: () => Promise<StorePlace>): void {
  const rule: Rule = (sentence, body) => {
    Deno.test(`${name} ${sentence}`, async () => {
      await using place = await makePlace();
      await using store = await place.open();
      await body(store, place);
    });
  };

  admissionContract(rule);
  placesContract(rule);
  statusContract(rule);
  searchContract(rule);
  filesContract(rule);

  rule("numbers accounts from 1 and finds them by name and number", async (store) => {
    const ann = await store.createAccount("ann", HASH, AT);
    const bob = await store.createAccount("bob", HASH, AT + 1);
    assert.deepEqual(ann, {
      number: 1,
      name: "ann",
      passwordHash: HASH,
      createdAt: AT,
      status: "normal",
    });
    assert.equal(bob?.number, 2);
    assert.deepEqual(await store.account("ann"), ann);
    assert.equal(await store.account("eve"), undefined);
    assert.deepEqual(await store.accountByNumber(1), ann);
    assert.equal(await store.accountByNumber(3), undefined);
    assert.equal(await store.accountByNumber(0), undefined);
  });

  rule("makes no second account of one name, and leaves the first as it was", async (store) => {
    await withPeople(store, "ann");
    assert.equal(await store.createAccount("ann", "$other$", AT + 9), undefined);
    assert.equal((await store.account("ann"))?.passwordHash, HASH);
    assert.deepEqual(await membersOf(store, GENERAL), ["ann"]);
    assert.equal((await store.createAccount("bob", HASH, AT))?.number, 2);
  });

  rule("changes a password hash", async (store) => {
    await withPeople(store, "ann");
    await store.setPasswordHash("ann", "$new$");
    assert.equal((await store.account("ann"))?.passwordHash, "$new$");
  });

  rule(
    "puts a new account into room:general, with what was said before it as seen",
    async (store) => {
      await withPeople(store, "ann");
      await store.append([messageOf(1), messageOf(2)]);
      await withPeople(store, "bob");
      assert.deepEqual(await store.conversations("bob"), [{
        conversation: GENERAL,
        seq: 2,
        mark: 2,
        unread: 0,
      }]);
      assert.deepEqual(await membersOf(store, GENERAL), ["ann", "bob"]);
    },
  );

  rule("keeps sessions until they are ended or expire", async (store) => {
    await withPeople(store, "ann");
    const row = { id: "one", account: "ann", createdAt: AT, expiresAt: AT + 1_000 };
    await store.createSession(row);
    await store.createSession({ ...row, id: "two", expiresAt: AT + 2_000 });
    await store.createSession({ ...row, id: "three", expiresAt: AT + 3_000 });
    assert.deepEqual(await store.session("one"), row);
    await store.endSession("three");
    await store.endSession("never was");
    await store.endExpiredSessions(AT + 1_000);
    assert.equal(await store.session("one"), undefined);
    assert.equal((await store.session("two"))?.id, "two");
    assert.equal(await store.session("three"), undefined);
  });

  rule("makes no session for an account that is not there", async (store) => {
    await assert.rejects(
      store.createSession({ id: "one", account: "eve", createdAt: AT, expiresAt: AT + 1 }),
    );
  });

  rule("is opened by one at a time", async (_, place) => {
    await assert.rejects(place.open());
  });

  rule("has after a close what it had before (rule 1)", async (store, place) => {
    await withPeople(store, "ann", "bob");
    await store.createSession({ id: "one", account: "ann", createdAt: AT, expiresAt: AT + 1 });
    await store.append([messageOf(1), messageOf(2, { conversation: dmOf("ann", "bob") })]);
    await store.mark("bob", GENERAL, 1);
    const before = [await store.conversations("ann"), await store.conversations("bob")];
    await store[Symbol.asyncDispose]();

    await using again = await place.open();
    assert.deepEqual([await again.conversations("ann"), await again.conversations("bob")], before);
    assert.equal((await again.session("one"))?.account, "ann");
    assert.equal((await again.history(GENERAL, 0, 10)).length, 1);
    const [next] = await again.append([messageOf(3)]);
    assert.equal(next?.seq, 2);
  });

  rule("stores all of a batch or none of it (rule 2)", async (store) => {
    await withPeople(store, "ann");
    await store.append([messageOf(1)]);
    for (
      const bad of [
        messageOf(3, { conversation: dmOf("ann", "eve") }),
        messageOf(3, { from: "eve" }),
      ]
    ) {
      await assert.rejects(store.append([messageOf(2), bad]));
    }
    assert.deepEqual(await store.conversations("ann"), [{
      conversation: GENERAL,
      seq: 1,
      mark: 0,
      unread: 0,
    }]);
    assert.deepEqual((await store.append([messageOf(2)])).map((appended) => appended?.seq), [2]);
  });

  rule("numbers each conversation 1, 2, 3… in the order of append (rule 3)", async (store) => {
    await withPeople(store, "ann", "bob");
    const dm = dmOf("ann", "bob");
    const first = await store.append([
      messageOf(1),
      messageOf(2, { conversation: dm }),
      messageOf(3, { from: "bob" }),
    ]);
    const second = await store.append([messageOf(4, { conversation: dm }), messageOf(5)]);
    assert.deepEqual(first.map((appended) => appended?.seq), [1, 1, 2]);
    assert.deepEqual(second.map((appended) => appended?.seq), [2, 3]);
    const seqs = (await store.history(GENERAL, 0, 10)).map(({ seq, ulid }) => [seq, ulid]);
    assert.deepEqual(seqs, [[1, ulidOf(1)], [2, ulidOf(3)], [3, ulidOf(5)]]);
  });

  rule("takes no number for a message that it has already (rules 3 and 4)", async (store) => {
    await withPeople(store, "ann", "bob");
    const [first] = await store.append([messageOf(1)]);
    const again = await store.append([
      messageOf(1, { at: AT + 999 }),
      messageOf(2),
      messageOf(2, { at: AT + 999 }),
      messageOf(1, { conversation: dmOf("ann", "bob") }),
    ]);
    assert.deepEqual(first, { conversation: GENERAL, seq: 1, at: AT + 1, stored: true });
    assert.deepEqual(again, [
      { conversation: GENERAL, seq: 1, at: AT + 1, stored: false },
      { conversation: GENERAL, seq: 2, at: AT + 2, stored: true },
      { conversation: GENERAL, seq: 2, at: AT + 2, stored: false },
      { conversation: GENERAL, seq: 1, at: AT + 1, stored: false },
    ]);
    assert.equal((await store.history(GENERAL, 0, 10)).length, 2);
    assert.deepEqual(await membersOf(store, dmOf("ann", "bob")), []);
  });

  rule("tells the same ULID of two senders apart (rule 4)", async (store) => {
    await withPeople(store, "ann", "bob");
    const appended = await store.append([messageOf(1), messageOf(1, { from: "bob" })]);
    assert.deepEqual(appended.map((one) => [one?.seq, one?.stored]), [[1, true], [2, true]]);
  });

  rule("gives content back as it came, text as text and bytes as bytes", async (store) => {
    await withPeople(store, "ann");
    const contents = [
      { kind: "text", body: "\ufeffnaïve ☃ 🎈 \u0000 \u202e" },
      { kind: "sealed", body: new Uint8Array([0, 255, 1, 0]) },
      { kind: "later", body: new Uint8Array(0) },
    ];
    await store.append(contents.map((content, index) => messageOf(index, { content })));
    const messages = await store.history(GENERAL, 0, 10);
    assert.deepEqual(messages.map(({ content }) => content), contents);
    assert.deepEqual(messages[0], {
      type: "message",
      conversation: GENERAL,
      seq: 1,
      ulid: ulidOf(0),
      from: "ann",
      at: AT,
      content: contents[0],
    });
  });

  rule("pages through history, the oldest first", async (store) => {
    await withPeople(store, "ann");
    await store.append(Array.from({ length: 7 }, (_, index) => messageOf(index + 1)));
    const page = async (after: number) =>
      (await store.history(GENERAL, after, 3)).map(({ seq }) => seq);
    assert.deepEqual([await page(0), await page(3), await page(6), await page(7)], [
      [1, 2, 3],
      [4, 5, 6],
      [7],
      [],
    ]);
    assert.deepEqual(await store.history("room:nowhere", 0, 3), []);
  });

  rule("makes both people of a dm its members, and nobody else", async (store) => {
    await withPeople(store, "ann", "bob", "eve");
    const dm = dmOf("ann", "bob");
    assert.equal(await store.isMember(dm, "ann"), false);
    await store.append([messageOf(1, { conversation: dm })]);
    assert.deepEqual(await membersOf(store, dm), ["ann", "bob"]);
    assert.equal(await store.isMember(dm, "bob"), true);
    assert.equal(await store.isMember(dm, "eve"), false);
    assert.deepEqual(await store.conversations("bob"), [
      { conversation: GENERAL, seq: 0, mark: 0, unread: 0 },
      { conversation: dm, seq: 1, mark: 0, unread: 1 },
    ]);
  });

  rule("raises a mark, never lowers it, and never past the newest message", async (store) => {
    await withPeople(store, "ann", "bob");
    await store.append([messageOf(1), messageOf(2), messageOf(3)]);
    assert.equal(await store.mark("bob", GENERAL, 0), false);
    assert.equal(await store.mark("bob", "room:nowhere", 1), false);
    const markOf = async (name: string) => (await store.conversations(name))[0]?.mark;
    assert.equal(await store.mark("bob", GENERAL, 2), true);
    assert.equal(await markOf("bob"), 2);
    assert.equal(await store.mark("bob", GENERAL, 1), false);
    assert.equal(await markOf("bob"), 2);
    assert.equal(await store.mark("bob", GENERAL, 99), true);
    assert.equal(await markOf("bob"), 3);
    assert.equal(await markOf("ann"), 0);
  });

  rule("counts as unread what others wrote after the mark", async (store) => {
    await withPeople(store, "ann", "bob");
    await store.append([messageOf(1), messageOf(2, { from: "bob" }), messageOf(3)]);
    const unreadOf = async (name: string) => (await store.state(name, GENERAL))?.unread;
    assert.deepEqual([await unreadOf("ann"), await unreadOf("bob")], [1, 2]);
    await store.mark("ann", GENERAL, 2);
    await store.mark("bob", GENERAL, 1);
    assert.deepEqual([await unreadOf("ann"), await unreadOf("bob")], [0, 1]);
  });

  rule("tells the state of one conversation to its members", async (store) => {
    await withPeople(store, "ann", "bob", "eve");
    const dm = dmOf("ann", "bob");
    await store.append([messageOf(1, { conversation: dm })]);
    assert.deepEqual(await store.state("bob", dm), {
      conversation: dm,
      seq: 1,
      mark: 0,
      unread: 1,
      held: false,
    });
    assert.equal(await store.state("eve", dm), undefined);
    assert.equal(await store.state("ann", "room:nowhere"), undefined);
  });
}
