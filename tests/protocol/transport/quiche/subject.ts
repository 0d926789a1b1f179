/** The quiche engine at both ends, for the helpers of the contract suite. */
import { engine } from "../../../../protocol/transport/quiche/engine.ts";
import { OVER_UDP, type Subject } from "../contract/pair.ts";

export const QUICHE: Subject = {
  name: "quiche",
  server: engine,
  client: engine,
  nature: OVER_UDP,
};
