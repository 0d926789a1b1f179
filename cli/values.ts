/**
 * The values of arguments and options that are more than words and numbers: each says what would do
 * when it cannot read what was given.
 */
import { message, text } from "@optique/core/message";
import type { ValueParser } from "@optique/core/valueparser";
import { parsePin } from "../certs/fingerprint.ts";
import { parseDuration } from "../protocol/duration.ts";
import { TIMES } from "../protocol/limits.ts";
import { parseSize, SIZE_RULE } from "../protocol/size.ts";
import { type Addressee, AddresseeError, formatAddressee, parseAddressee } from "./addressee.ts";
import {
  formatServerAddress,
  parseServerAddress,
  type ServerAddress,
  ServerAddressError,
} from "./server_address.ts";

export function serverAddress(): ValueParser<"sync", ServerAddress> {
  return {
    mode: "sync",
    metavar: "SERVER",
    placeholder: { host: "localhost", port: undefined, user: undefined, pin: undefined },
    parse(input) {
      try {
        return { success: true, value: parseServerAddress(input) };
      } catch (error) {
        if (!(error instanceof ServerAddressError)) throw error;
        return { success: false, error: message`${input} names no server. ${text(error.message)}` };
      }
    },
    format: formatServerAddress,
  };
}

export function addressee(): ValueParser<"sync", Addressee> {
  return {
    mode: "sync",
    metavar: "TARGET",
    placeholder: { people: [] },
    parse(input) {
      try {
        return { success: true, value: parseAddressee(input) };
      } catch (error) {
        if (!(error instanceof AddresseeError)) throw error;
        return { success: false, error: message`${input} names nobody. ${text(error.message)}` };
      }
    },
    format: formatAddressee,
  };
}

export function tlsPort(): ValueParser<"sync", number | "off"> {
  return {
    mode: "sync",
    metavar: "PORT",
    placeholder: "off",
    parse(input) {
      if (input === "off") return { success: true, value: "off" };
      const value = /^\d{1,5}$/.test(input) ? Number(input) : NaN;
      if (value <= 65_535) return { success: true, value };
      return { success: false, error: message`${input} is no port. Give 0 to 65535, or off.` };
    },
    format: String,
  };
}

export function size(): ValueParser<"sync", number> {
  return {
    mode: "sync",
    metavar: "SIZE",
    placeholder: 0,
    parse(input) {
      const value = parseSize(input);
      if (value !== undefined) return { success: true, value };
      return { success: false, error: message`${input} is no size. ${text(SIZE_RULE)}` };
    },
    format: String,
  };
}

export function duration(): ValueParser<"sync", number> {
  return {
    mode: "sync",
    metavar: "SPAN",
    placeholder: 0,
    parse(input) {
      const value = parseDuration(input);
      if (value !== undefined && value <= TIMES.invite) return { success: true, value };
      return { success: false, error: message`${input} is no span of time. Give 30m, 12h or 7d.` };
    },
    format: (value) => `${Math.round(value / 60_000)}m`,
  };
}

export function pin(): ValueParser<"sync", string> {
  return {
    mode: "sync",
    metavar: "SHA256:…",
    placeholder: "",
    parse(input) {
      if (parsePin(input) !== undefined) return { success: true, value: input };
      return {
        success: false,
        error:
          message`${input} is not a pin. Give SHA256: and 43 characters, as sotto certs shows it.`,
      };
    },
    format: (value) => value,
  };
}
