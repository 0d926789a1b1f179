/** Errors of Node's TLS as reasons of a close. An unknown error becomes `lost`, never a guess. */
import { errorCode, wordsOf } from "../../system_error.ts";
import type { CloseReason } from "../transport.ts";

/** Alerts of TLS 1.3 (RFC 8446, section 6), as OpenSSL's reasons name them. */
const ALERTS: Readonly<Record<string, number>> = {
  UNEXPECTED_MESSAGE: 10,
  BAD_RECORD_MAC: 20,
  RECORD_OVERFLOW: 22,
  HANDSHAKE_FAILURE: 40,
  BAD_CERTIFICATE: 42,
  UNSUPPORTED_CERTIFICATE: 43,
  CERTIFICATE_REVOKED: 44,
  CERTIFICATE_EXPIRED: 45,
  CERTIFICATE_UNKNOWN: 46,
  ILLEGAL_PARAMETER: 47,
  UNKNOWN_CA: 48,
  ACCESS_DENIED: 49,
  DECODE_ERROR: 50,
  DECRYPT_ERROR: 51,
  PROTOCOL_VERSION: 70,
  INSUFFICIENT_SECURITY: 71,
  INTERNAL_ERROR: 80,
  USER_CANCELLED: 90,
  MISSING_EXTENSION: 109,
  UNRECOGNIZED_NAME: 112,
  CERTIFICATE_REQUIRED: 116,
  NO_APPLICATION_PROTOCOL: 120,
};
const ALERT = /^ERR_SSL_(?:SSLV3|TLSV1|TLSV13)_ALERT_(\w+)$/;
/** QUIC's codes for alerts (RFC 9001, section 4.8): all engines report the same. */
const ALERT_BASE = 0x100;

export const NO_APPLICATION_PROTOCOL: CloseReason = {
  kind: "transport",
  code: ALERT_BASE + 120,
  reason: "no application protocol in common",
  by: "local",
};

/** How the error ended the connection. */
export function closeOfError(error: Error): CloseReason {
  const code = errorCode(error) ?? "";
  const reason = textOf(error);
  const alert = ALERTS[ALERT.exec(code)?.[1] ?? ""];
  if (alert !== undefined) {
    return { kind: "transport", code: ALERT_BASE + alert, reason, by: "peer" };
  }
  return { kind: "lost", code: 0, reason, by: "local" };
}

/** The first line of an error's message: OpenSSL adds a line of its own sources. */
export function textOf(failure: unknown): string {
  const words = wordsOf(failure);
  if (words !== undefined) return words;
  const text = failure instanceof Error ? failure.message : String(failure);
  return text.trim().split("\n", 1)[0] ?? "";
}
