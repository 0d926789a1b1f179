/**
 * Faults of the product that the simulator has found and that are not mended yet. Runs keep them
 * out, so that they find others. The list MUST become empty.
 */
import type { KnownFault } from "./simulation.ts";

export const KNOWN_FAULTS: ReadonlySet<KnownFault> = new Set<KnownFault>(["unsynced_reads"]);
