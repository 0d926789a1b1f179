/**
 * Writes invite lines, `sotto://HOST:PORT/?pin=…&code=…`, and draws them as QR codes. They are read by
 * `cli/server_address.ts`. Pure.
 */
import { encode } from "uqr";
import { formatHostPort } from "./host_port.ts";

interface InviteLine {
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  readonly port: number;
  /** Of the server's certificate. */
  readonly pin: string;
  readonly code: string;
}

/** The line to hand on. */
export function formatInviteLine({ host, port, pin, code }: InviteLine): string {
  return `sotto://${formatHostPort(host, port)}/?pin=${pin}&code=${code}`;
}

/** The light border in squares. ISO/IEC 18004 asks for four; every reader accepts two. */
const BORDER = 2;
/** A character for two squares, one above the other, by which of them are light. */
const HALVES = { both: "█", upper: "▀", lower: "▄", none: " " } as const;

/** Draws a QR code for a terminal with light text on dark. Readers also accept the inverse. */
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
