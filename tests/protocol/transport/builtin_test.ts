import { engine } from "../../../protocol/transport/builtin.ts";
import { transportContract } from "./contract.ts";

transportContract("builtin", engine, engine);
