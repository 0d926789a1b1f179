/**
 * Copies `docs/events.schema.json` to the end of `docs/cli.md`:
 * `deno run -A scripts/embed_schema.ts`. A test fails when the two differ.
 */
import { readFile, writeFile } from "node:fs/promises";

const SCHEMA = new URL("../docs/events.schema.json", import.meta.url);
const PAGE = new URL("../docs/cli.md", import.meta.url);
const PLACE = /(<!-- events\.schema\.json -->\n\n```json\n)[\s\S]*?(```\n\n<!-- end -->)/;

const page = await readFile(PAGE, "utf8");
const schema = await readFile(SCHEMA, "utf8");
if (!PLACE.test(page)) throw new Error("docs/cli.md has no place for the schema");
await writeFile(PAGE, page.replace(PLACE, (_, before, after) => `${before}${schema}${after}`));
