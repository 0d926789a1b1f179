import { engine as builtin } from "../../../protocol/transport/builtin.ts";
import { engine as quiche } from "../../../protocol/transport/quiche/engine.ts";
import { transportContract } from "./contract.ts";

transportContract("quiche client, builtin server", builtin, quiche);
transportContract("builtin client, quiche server", quiche, builtin);
