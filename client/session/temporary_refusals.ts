/** Refusals that say "not now": the same, said again a moment later, may well be taken. */
export const TEMPORARY_REFUSALS: ReadonlySet<string> = new Set(["busy", "rate_limited"]);

/** How long to say nothing more of the kind after one, milliseconds. */
export const RETRY_DELAY = 1000;
