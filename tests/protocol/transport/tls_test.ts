import { engine } from "../../../protocol/transport/tls/engine.ts";
import { transportContract } from "./contract.ts";
import { OVER_TCP } from "./contract/pair.ts";

transportContract("tls", engine, engine, OVER_TCP);
