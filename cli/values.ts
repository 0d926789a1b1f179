/**
 * The values of arguments and options that are more than words and numbers. Each error says what to
 * give instead.
 */
import { type Message, message, text } from "@optique/core/message";
import type { ValueParser } from "@optique/core/valueparser";
import { parsePin } from "../certs/fingerprint.ts";
import {
  type Destination,
  DestinationError,
  formatDestination,
  parseDestination,
} from "../protocol/destination.ts";
import { parseDuration } from "../protocol/duration.ts";
import { TIMES } from "../protocol/limits.ts";
import { parseSize, SIZE_RULE } from "../protocol/size.ts";
import {
  formatServerAddress,
  parseServerAddress,
  type ServerAddress,
  ServerAddressError,
} from "./server_address.ts";

export function serverAddress(): ValueParser<"sync", ServerAddress> {
  return value({
    metavar: "SERVER",
    placeholder: { host: "localhost", port: undefined, user: undefined, pin: undefined },
    read: parseServerAddress,
    format: formatServerAddress,
    refusal: (input, reason) => message`${input} is not the address of a server. ${text(reason)}`,
  });
}

export function destination(): ValueParser<"sync", Destination> {
  return value({
    metavar: "TARGET",
    placeholder: { people: [] },
    read: parseDestination,
    format: formatDestination,
    refusal: (input, reason) => message`${input} is not a target. ${text(reason)}`,
  });
}

export function tlsPort(): ValueParser<"sync", number | "off"> {
  return value({
    metavar: "PORT",
    placeholder: "off",
    read(input) {
      if (input === "off") return "off";
      const port = /^\d{1,5}$/.test(input) ? Number(input) : NaN;
      return port <= 65_535 ? port : undefined;
    },
    format: String,
    refusal: (input) => message`${input} is not a port. Give a number from 0 to 65535, or off.`,
  });
}

export function size(): ValueParser<"sync", number> {
  return value({
    metavar: "SIZE",
    placeholder: 0,
    read: parseSize,
    format: String,
    refusal: (input) => message`${input} is not a size. ${text(SIZE_RULE)}`,
  });
}

export function duration(): ValueParser<"sync", number> {
  return value({
    metavar: "SPAN",
    placeholder: 0,
    read(input) {
      const milliseconds = parseDuration(input);
      return milliseconds !== undefined && milliseconds <= TIMES.invite ? milliseconds : undefined;
    },
    format: (milliseconds) => `${Math.round(milliseconds / 60_000)}m`,
    refusal: (input) =>
      message`${input} is not a span of time. Give 30m, 12h or 7d, of at most 366 days.`,
  });
}

export function pin(): ValueParser<"sync", string> {
  return value({
    metavar: "SHA256:…",
    placeholder: "",
    read: (input) => parsePin(input) === undefined ? undefined : input,
    format: (given) => given,
    refusal: (input) =>
      message`${input} is not a pin. Give SHA256: and 43 characters, as sotto certs prints it.`,
  });
}

interface ValueOptions<Value> {
  readonly metavar: ValueParser<"sync", Value>["metavar"];
  readonly placeholder: Value;
  /** `undefined`, or `ServerAddressError` or `DestinationError` thrown: it is not such a value. */
  readonly read: (input: string) => Value | undefined;
  readonly format: (value: Value) => string;
  /** `reason`: the message of the error. */
  readonly refusal: (input: string, reason: string) => Message;
}

function value<Value>(
  { metavar, placeholder, read, format, refusal }: ValueOptions<Value>,
): ValueParser<"sync", Value> {
  return {
    mode: "sync",
    metavar,
    placeholder,
    parse(input) {
      try {
        const given = read(input);
        if (given !== undefined) return { success: true, value: given };
        return { success: false, error: refusal(input, "") };
      } catch (error) {
        const isRefused = error instanceof ServerAddressError || error instanceof DestinationError;
        if (!isRefused) throw error;
        return { success: false, error: refusal(input, error.message) };
      }
    },
    format,
  };
}
