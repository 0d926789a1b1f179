/** The contract, for the engines with themselves and with each other (builtin: `builtin_test.ts`). */
import type { Clock } from "../../../protocol/clock.ts";
import { makeEngine as makeBuiltin } from "../../../protocol/transport/builtin.ts";
import { makeEngine as makeTls } from "../../../protocol/transport/tls/engine.ts";
import { transportContract } from "./contract.ts";
import { OVER_TCP } from "./contract/pair.ts";
import { makeQuiche } from "./quiche/subject.ts";

const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));

transportContract("quiche", makeQuiche, makeQuiche);
transportContract("quiche client, builtin server", makeBuiltin, makeQuiche);
transportContract("builtin client, quiche server", makeQuiche, makeBuiltin);
const overTls = (clock: Clock) => makeTls({ clock, random });
transportContract("tls", overTls, overTls, OVER_TCP);
