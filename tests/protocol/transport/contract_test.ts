/** The contract, for the engines with themselves and with each other (builtin: `builtin_test.ts`). */
import { engine as builtin } from "../../../protocol/transport/builtin.ts";
import { engine as quiche } from "../../../protocol/transport/quiche/engine.ts";
import { engine as tls } from "../../../protocol/transport/tls/engine.ts";
import { transportContract } from "./contract.ts";
import { OVER_TCP } from "./contract/pair.ts";

transportContract("quiche", quiche, quiche);
transportContract("quiche client, builtin server", builtin, quiche);
transportContract("builtin client, quiche server", quiche, builtin);
transportContract("tls", tls, tls, OVER_TCP);
