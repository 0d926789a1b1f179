import assert from "node:assert/strict";
import { encode } from "uqr";
import { parseServerAddress } from "../../cli/server_address.ts";
import { drawQr, formatInviteLine } from "../../protocol/invite_line.ts";

const PIN = `SHA256:${"A".repeat(43)}`;
const CODE = "9qhBzDr2oA1LmXwE";

Deno.test("formatInviteLine writes what parseTarget reads", () => {
  for (const host of ["chat.example", "192.0.2.7", "2001:db8::7"]) {
    const line = formatInviteLine({ host, port: 4434, pin: PIN, code: CODE });
    assert.deepEqual(parseServerAddress(line), {
      host,
      port: 4434,
      user: undefined,
      pin: PIN,
      code: CODE,
    });
  }
});

Deno.test("drawQr draws every square of the code, two to a character, with light around it", () => {
  const line = formatInviteLine({ host: "chat.example", port: 4433, pin: PIN, code: CODE });
  const drawn = drawQr(line);
  const isLight = (row: number, column: number) => {
    const character = [...drawn[Math.floor(row / 2)] ?? ""][column];
    return character === "█" || character === (row % 2 === 0 ? "▀" : "▄");
  };
  const { data, size } = encode(line, { ecc: "L", border: 2 });
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      assert.equal(isLight(row, column), data[row]?.[column] === false, `${row} ${column}`);
    }
  }
  assert.ok(isLight(0, 0) && isLight(1, 1) && !isLight(2, 2));
  // An invite line fits a terminal of 80 columns and 24 rows.
  assert.ok(drawn.length <= 23 && drawn.every((one) => [...one].length <= 80));
});
