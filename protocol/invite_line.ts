/**
 * Invite lines, `sotto://HOST:PORT/?pin=…&code=…`: written here, and drawn as a QR code; read by
 * `cli/server_address.ts`. Pure.
 */
import { encode } from "uqr";
import { formatHostPort } from "./host_port.ts";

export interface InviteLine {
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  readonly port: number;
  /** Of the server's certificate. */
  readonly pin: string;
  readonly code: string;
}

/** The line as it is handed on. */
export function formatInviteLine({ host, port, pin, code }: InviteLine): string {
  return `sotto://${formatHostPort(host, port)}/?pin=${pin}&code=${code}`;
}

/** Squares of light around the code, as ISO/IEC 18004 asks for four and every reader takes two. */
const BORDER = 2;
/** Two squares one above the other, by which of them are light. */
const HALVES = { both: "█", upper: "▀", lower: "▄", none: " " } as const;

/**
 * A text as a QR code, for a terminal that shows light on dark; readers take the other way round as
 * well.
 */
export function drawQr(text: string): string[] {
  const { data } = encode(text, { ecc: "L", border: BORDER });
  const isLight = (row: number, column: number) => data[row]?.[column] === false;
  const lines: string[] = [];
  for (let row = 0; row < data.length; row += 2) {
    const squares = Array.from({ length: data.length }, (_, column) => {
      const upper = isLight(row, column);
      const lower = isLight(row + 1, column);
      return HALVES[upper ? (lower ? "both" : "upper") : lower ? "lower" : "none"];
    });
    lines.push(squares.join(""));
  }
  return lines;
}
