import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { LIMITS } from "../../../protocol/limits.ts";
import { Invitations } from "../../../server/services/invitations.ts";
import { FakeClock } from "../../helpers/fake_clock.ts";
import { tempStore } from "../../helpers/temp_store.ts";

Deno.test("Invitations.create() draws a code of 96 bits, and stores its SHA-256 alone", async () => {
  await using temp = await tempStore();
  const { accounts, invitations } = temp.store;
  const stored: unknown[] = [];
  const drawn: Uint8Array[] = [];
  const made = new Invitations({
    store: {
      accounts,
      invitations: {
        create: (invitation) => {
          stored.push(invitation);
          return invitations.create(invitation);
        },
        createAccount: (...args) => invitations.createAccount(...args),
        isValid: (...args) => invitations.isValid(...args),
        list: (now) => invitations.list(now),
      },
    },
    clock: new FakeClock(),
    random: (length) => {
      const bytes = crypto.getRandomValues(new Uint8Array(length));
      drawn.push(bytes);
      return bytes;
    },
  });
  const { code, uses, expires } = await made.create({ uses: 3, lifetime: 1_000 });
  assert.deepEqual(drawn.map((bytes) => 8 * bytes.length), [96]);
  assert.equal(code, drawn[0]?.toBase64({ alphabet: "base64url", omitPadding: true }));
  const hash = new Uint8Array(createHash("sha256").update(code).digest());
  const [{ hash: kept, ...rest }] = stored as [{ hash: Uint8Array }];
  assert.deepEqual(new Uint8Array(kept), hash);
  assert.deepEqual(rest, { uses, madeAt: expires - 1_000, expiresAt: expires, by: undefined });
  assert.ok(await made.isValid(code));
});

Deno.test("Invitations.create() refuses one more than there may be", async () => {
  await using temp = await tempStore();
  const { accounts, invitations: real } = temp.store;
  const invitation = { ...{ number: 1, uses: 1, used: 0, madeAt: 1, expiresAt: 2 }, by: undefined };
  let count = LIMITS.invites - 1;
  const list = () => Promise.resolve(Array.from({ length: count }, () => invitation));
  const create = real.create.bind(real);
  const rest = { createAccount: real.createAccount, isValid: real.isValid };
  const store = { accounts, invitations: { ...rest, create, list } };
  const invitations = new Invitations({ store, clock: new FakeClock() });
  assert.equal((await invitations.create({})).number, 1);
  count++;
  await assert.rejects(invitations.create({}), {
    code: "quota_exceeded",
    message: /Withdraw some/,
  });
});
