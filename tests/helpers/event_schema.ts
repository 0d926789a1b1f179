/**
 * Holds what clients print with `--json` to the schema in `docs/events.schema.json`, more strictly
 * than the schema says: a field that it does not name is a fault. `Program` and `TestChat` check
 * every event of every test here.
 *
 * To add an event, or a field:
 *
 * 1. `client/events.ts`: the interface, and its name in `ChatEvent`,
 * 2. `docs/events.schema.json`: an entry in `$defs` under the event's name, and one in `oneOf`,
 * 3. `docs/cli.md`: the row of the table; then `deno run -A scripts/embed_schema.ts`, which copies
 *    the schema to the end of that page.
 *
 * `tests/client/events_schema_test.ts` and `tests/docs_test.ts` name what was forgotten.
 */
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import schema from "../../docs/events.schema.json" with { type: "json" };

const ajv = new Ajv2020({ allErrors: true, strict: true });
ajv.addSchema(closed(schema), "events");
const validators = new Map<string, ValidateFunction | undefined>();

/** The events that the schema has. */
export const EVENTS: readonly string[] = schema.oneOf.map(({ $ref }) =>
  $ref.slice("#/$defs/".length)
);

/** What is wrong with an event; empty when nothing is. */
export function faultsOf(event: unknown): string[] {
  const name = typeof event === "object" && event !== null && "event" in event ? event.event : "";
  if (typeof name !== "string" || !EVENTS.includes(name)) {
    return [`docs/events.schema.json has no event ${JSON.stringify(name)}`];
  }
  if (!validators.has(name)) validators.set(name, ajv.getSchema(`events#/$defs/${name}`));
  const validate = validators.get(name);
  if (validate === undefined) return [`docs/events.schema.json has no $defs entry ${name}`];
  if (validate(event)) return [];
  return (validate.errors ?? []).map(({ instancePath, message, params }) =>
    `${name}${instancePath} ${message} ${JSON.stringify(params)}`
  );
}

/** What is wrong with a line that a client has printed. */
export function faultsOfLine(line: string): string[] {
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch {
    return [`not JSON: ${line}`];
  }
  return faultsOf(event);
}

/** The schema, with no room in any object for what it does not name. */
function closed<T>(part: T): T {
  if (Array.isArray(part)) return part.map(closed) as T;
  if (typeof part !== "object" || part === null) return part;
  const entries = Object.entries(part).map(([key, value]) => [key, closed(value)] as const);
  const isObject = "properties" in part && "type" in part && part.type === "object";
  return Object.fromEntries([...entries, ...isObject ? [["additionalProperties", false]] : []]);
}
