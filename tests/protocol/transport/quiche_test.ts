import { engine } from "../../../protocol/transport/quiche/engine.ts";
import { transportContract } from "./contract.ts";

transportContract("quiche", engine, engine);
