/** Why a store cannot be opened or written to. The message says what to do about it. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly code:
    | "in_use"
    | "newer_schema"
    | "older_schema"
    | "migration_failed"
    | "unreadable"
    | "disk_full";

  constructor(code: StoreError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
