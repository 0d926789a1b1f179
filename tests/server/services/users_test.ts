import assert from "node:assert/strict";
import { dmOf } from "../../../protocol/names.ts";
import { Audience } from "../../../server/services/audience.ts";
import { Users, type UsersOptions } from "../../../server/services/users.ts";
import { Presence } from "../../../server/services/presence.ts";
import { FakeClock } from "../../helpers/fake_clock.ts";
import { messageOf } from "../../helpers/messages.ts";
import { TestSession } from "../../helpers/test_session.ts";
import { tempStore } from "../../helpers/temp_store.ts";

const DM = dmOf("ann", "bob");

Deno.test("Users.setStatus() loses nothing when two devices set a status at once", async () => {
  await using temp = await tempStore("ann", "bob");
  const { store } = temp;
  /** For each status that is set: it is stored, and `setStatus` may go on. */
  const step = () => ({
    stored: Promise.withResolvers<void>(),
    release: Promise.withResolvers<void>(),
  });
  const [laptopStep, phoneStep] = [step(), step()];
  const steps = [laptopStep, phoneStep];
  const slow: UsersOptions["store"] = {
    conversations: store.conversations,
    accounts: {
      byName: (name) => store.accounts.byName(name),
      byNumber: (number) => store.accounts.byNumber(number),
      setStatus: async (name, status) => {
        const step = steps.shift();
        await store.accounts.setStatus(name, status);
        step?.stored.resolve();
        await step?.release.promise;
      },
    },
  };
  const presence = new Presence({ clock: new FakeClock() });
  const audience = new Audience({ conversations: store.conversations, presence });
  const people = new Users({ store: slow, presence });
  const [laptop, phone] = [new TestSession("bob", 2), new TestSession("bob", 2)];
  for (const session of [laptop, phone]) presence.add(session, "normal");

  const first = people.setStatus(laptop, "dnd");
  await laptopStep.stored.promise;
  const second = people.setStatus(phone, "normal");
  await phoneStep.stored.promise;
  laptopStep.release.resolve();
  await first;
  // The store holds nothing any more, but nothing is delivered yet.
  await store.messages.append([messageOf(1, { conversation: DM })]);
  assert.deepEqual(audience.of(DM), []);
  phoneStep.release.resolve();
  await second;
  assert.deepEqual(audience.of(DM), [laptop, phone]);
  const heard = [`${DM} 1 seen 0, 1 unread`];
  assert.deepEqual([laptop.look(), phone.look()], [heard, heard]);
});
