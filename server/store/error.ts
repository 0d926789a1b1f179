/** Why a store cannot be opened. The message says what to do about it. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly code: "in_use" | "newer_schema" | "older_schema" | "migration_failed" | "unreadable";

  constructor(code: StoreError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
