/** The commit that this program was made of. `scripts/compile.ts` writes it into what it makes. */
export const COMMIT: string | undefined = undefined;
