/** The schema of events is the one that the program has: see `tests/helpers/event_schema.ts`. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import schema from "../../docs/events.schema.json" with { type: "json" };
import { EVENTS, faultsOf, faultsOfLine } from "../helpers/event_schema.ts";

const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), "utf8");

interface Field {
  readonly name: string;
  readonly required: boolean;
  readonly type: string;
}

/** The events of `client/events.ts`, with their fields. */
async function declaredEvents(): Promise<Map<string, Field[]>> {
  const source = await read("client/events.ts");
  const interfaces = source.matchAll(/interface \w+Event extends Base \{\n([\s\S]*?)\n\}/g);
  return new Map([...interfaces].map(([, body = ""]) => {
    const fields = [...body.matchAll(/^ {2}readonly (\w+)(\??): ([\s\S]*?);$/gm)]
      .filter(([, , , type = ""]) => type.split("{").length === type.split("}").length)
      .map(([, name = "", optional, type = ""]) => ({
        name,
        required: optional === "",
        type: kindOf(type),
      }));
    const open = [...body.matchAll(/^ {2}readonly (\w+)(\??): readonly \{$/gm)]
      .map(([, name = "", optional]) => ({ name, required: optional === "", type: "array" }));
    const event = /readonly event: "(\w+)"/.exec(body)?.[1] ?? "";
    return [event, byName([...fields, ...open].filter(({ name }) => name !== "event"))];
  }));
}

/** How JSON has it: `a | b` for one of a few words. */
function kindOf(type: string): string {
  if (/^\s*\|?\s*"/.test(type)) {
    return [...type.matchAll(/"(\w+)"/g)].map(([, word]) => word).toSorted().join(" | ");
  }
  return /^readonly |\]$/.test(type) ? "array" : type;
}

type Part = { readonly $ref?: string; readonly type?: string; readonly enum?: readonly string[] };

/** Words that a field's type in `client/events.ts` leaves open, and the schema does not. */
const NARROWER = new Set(["code", "status"]);

function kindIn(name: string, part: Part): string {
  const definitions: Readonly<Record<string, Part>> = schema.$defs;
  const target = part.$ref === undefined ? part : definitions[part.$ref.slice(8)] ?? {};
  if (target.enum !== undefined && !NARROWER.has(name)) return target.enum.toSorted().join(" | ");
  return target.type === "integer" ? "number" : target.type ?? "";
}

function byName(fields: readonly Field[]): Field[] {
  return fields.toSorted((one, other) => one.name.localeCompare(other.name));
}

Deno.test("docs/events.schema.json has the events of client/events.ts, field by field", async () => {
  const declared = await declaredEvents();
  assert.deepEqual(EVENTS.toSorted(), [...declared.keys()].toSorted());
  const definitions: Readonly<Record<string, unknown>> = schema.$defs;
  for (const [event, fields] of declared) {
    const { properties, required } = definitions[event] as {
      properties: Readonly<Record<string, Part>>;
      required: readonly string[];
    };
    const described = Object.entries(properties)
      .filter(([name]) => name !== "event")
      .map(([name, part]) => ({
        name,
        required: required.includes(name),
        type: kindIn(name, part),
      }));
    const open = fields.map((field) => ({
      ...field,
      type: NARROWER.has(field.name) && field.type.includes(" | ") ? "string" : field.type,
    }));
    assert.deepEqual(byName(described), open, event);
  }
});

Deno.test("docs/events.schema.json is at the end of docs/cli.md as well", async () => {
  const [, embedded = "{}"] = /```json\n([\s\S]*?)```/.exec(
    (await read("docs/cli.md")).split("<!-- events.schema.json -->")[1] ?? "",
  ) ?? [];
  assert.deepEqual(JSON.parse(embedded), schema, "Run: deno run -A scripts/embed_schema.ts");
});

Deno.test("docs/events.schema.json takes events as they are, and nothing else for them", () => {
  const status = { event: "status", status: "dnd" };
  assert.deepEqual(faultsOf(status), []);
  const wrong: [event: unknown, fault: RegExp][] = [
    [{ ...status, status: "gone" }, /status\/status must be equal to one of/],
    [{ event: "status" }, /must have required property 'status'/],
    [{ ...status, more: 1 }, /must NOT have additional properties .*"more"/],
    [{ ...status, event: "statuses" }, /has no event "statuses"/],
    [{ event: "users", users: [{ number: 1, name: "ann", status: "away", x: 0 }] }, /users\/0/],
    [{ event: "marked", conversation: "dm:bob", seq: 1 }, /conversation must match pattern/],
    [{ event: "marked", conversation: "room:a", seq: "1" }, /seq must be integer/],
    [[], /has no event/],
  ];
  for (const [event, fault] of wrong) assert.match(faultsOf(event).join("; "), fault);
  assert.match(faultsOfLine('{"event":').join(), /not JSON/);
});
