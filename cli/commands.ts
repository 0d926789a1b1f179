/**
 * The command line as one table: every command, option and sentence of help. What comes out are
 * plain option values; what they mean is for `server/config.ts` and `client/main.ts` to say.
 *
 * No password, passphrase or token can be given here: others on the machine can read arguments.
 */
import { object, or } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { map, multiple, optional } from "@optique/core/modifiers";
import { argument, command, constant, flag, option } from "@optique/core/primitives";
import type { InferValue } from "@optique/core/parser";
import type { UsageTerm } from "@optique/core/usage";
import { choice, integer, string } from "@optique/core/valueparser";
import { path } from "@optique/run/valueparser";
import { LIMITS } from "../protocol/limits.ts";
import { destination, duration, pin, serverAddress, size, tlsPort } from "./values.ts";

const folder = () => path({ metavar: "DIR", type: "directory" });
const file = () => path({ metavar: "FILE", type: "file" });
const level = () => choice(["error", "warn", "info", "debug"], { metavar: "LEVEL" });

const DATA = option("--data", folder(), {
  description:
    message`Where the database, the certificate, the keys and people's files are (default: the folder sotto in $XDG_DATA_HOME or ~/.local/share).`,
});

const PLAIN = map(
  flag("--plain", {
    description:
      message`Print line by line, for screen readers and pipes (the default without a terminal).`,
  }),
  () => "plain" as const,
);
const JSON_LINES = map(
  flag("--json", {
    description: message`Print one JSON object for each event, one a line (docs/cli.md).`,
  }),
  () => "json" as const,
);

/** `[OPTION...]`: the table below it in the help says which. */
export const OPTIONS: UsageTerm = {
  type: "optional",
  terms: [{ type: "multiple", min: 1, terms: [{ type: "argument", metavar: "OPTION" }] }],
};

const server = command(
  "server",
  object({
    type: constant("server"),
    host: optional(option("--host", string({ metavar: "ADDRESS" }), {
      description: message`Address to listen on (default: ::, which serves IPv4 too).`,
    })),
    port: optional(option("--port", integer({ metavar: "PORT", min: 0, max: 65_535 }), {
      description: message`UDP port (default: 4433; 0 takes a free one).`,
    })),
    tlsPort: optional(option("--tls-port", tlsPort(), {
      description:
        message`TCP port for those to whom UDP does not get through, or off (default: the number of the UDP port).`,
    })),
    data: optional(DATA),
    registration: optional(
      option("--registration", choice(["open", "invite", "closed"], { metavar: "WHEN" }), {
        description:
          message`Whether the first login with a new name makes an account: always, with an invitation, or never (default: open).`,
      }),
    ),
    cert: optional(option("--cert", file(), {
      description:
        message`A certificate (PEM) to use instead of the server's own; goes with --key.`,
    })),
    key: optional(option("--key", file(), {
      description: message`The private key (PEM) of --cert.`,
    })),
    engine: optional(
      option("--engine", choice(["auto", "quiche", "builtin"], { metavar: "NAME" }), {
        description: message`QUIC engine (default: auto, the best one for this platform).`,
      }),
    ),
    quota: optional(option("--quota", string({ metavar: "SIZE" }), {
      description: message`How much of files each account may have here (default: 4GiB).`,
    })),
    maxFile: optional(option("--max-file", string({ metavar: "SIZE" }), {
      description: message`The largest file that is taken (default: 2GiB).`,
    })),
    keepFiles: optional(
      option("--keep-files", integer({ metavar: "DAYS", min: 1, max: 36_500 }), {
        description: message`How long files are kept (default: 30).`,
      }),
    ),
    announce: optional(map(
      flag("--no-announce", {
        description: message`Do not tell the local network that the server is there.`,
      }),
      () => false,
    )),
    logLevel: optional(
      option("--log-level", level(), {
        description: message`How much to log on standard error (default: info).`,
      }),
    ),
    logFormat: optional(option("--log-format", choice(["text", "json"], { metavar: "FORMAT" }), {
      description: message`How to log (default: text).`,
    })),
  }),
  {
    brief: message`Run a server.`,
    usageLine: [OPTIONS],
    description:
      message`Run a server. Once ready it prints one line on standard output: ready quic://HOST:PORT alpn=sotto/1 pin=SHA256:…`,
  },
);

/** What all commands take that connect to a server. */
const ACCESS = {
  passwordFile: optional(option("--password-file", file(), {
    description:
      message`Read the password from the first line of a file; - reads it from standard input.`,
  })),
  acceptNew: optional(flag("--accept-new", {
    description:
      message`Accept the key of a server that was never met before without asking, and remember it.`,
  })),
  pin: optional(option("--pin", pin(), {
    description: message`Connect to the server with this pin only.`,
  })),
  transport: optional(
    option("--transport", choice(["auto", "quic", "tls"], { metavar: "WAY" }), {
      description:
        message`How to connect: auto tries QUIC, then TLS within two seconds (default: auto).`,
    }),
  ),
  logLevel: optional(
    option("--log-level", level(), {
      description: message`debug tells the stages of each handshake, on standard error.`,
    }),
  ),
};

const client = command(
  "client",
  object({
    type: constant("client"),
    address: optional(argument(serverAddress(), {
      description:
        message`The server: [USER@]HOST[:PORT], with an IPv6 address in brackets, or an invite line (sotto://…). Without it, on a terminal, those of the local network are offered.`,
    })),
    ...ACCESS,
    downloads: optional(option("--downloads", folder(), {
      description:
        message`Where files that come are written (default: $XDG_DOWNLOAD_DIR or ~/Downloads).`,
    })),
    autoAccept: optional(option("--auto-accept", size(), {
      description:
        message`Fetch files of at most this size, like 10M, without asking (default: none).`,
    })),
    output: optional(or(PLAIN, JSON_LINES)),
  }),
  {
    brief: message`Talk.`,
    usageLine: [
      OPTIONS,
      { type: "optional", terms: [{ type: "argument", metavar: "SERVER" }] },
    ],
    description: message`Sign in to a server and talk. Type /help there for what can be typed.`,
  },
);

const send = command(
  "send",
  object({
    type: constant("send"),
    address: argument(serverAddress(), {
      description: message`The server: [USER@]HOST[:PORT], or an invite line (sotto://…).`,
    }),
    to: argument(destination(), {
      description:
        message`Where to: room:NAME (or '#NAME'), group:NAME, @NAME, or @NAME,NAME. A room is joined if need be.`,
    }),
    text: multiple(argument(string({ metavar: "TEXT" }), {
      description: message`The message. Without it, all of standard input is the message.`,
    })),
    ...ACCESS,
    json: optional(flag("--json", {
      description: message`Print what becomes of each message, one JSON object a line.`,
    })),
  }),
  {
    brief: message`Say one thing, and leave.`,
    usageLine: [
      OPTIONS,
      // As one: optional terms would come first.
      { type: "argument", metavar: "SERVER TARGET [TEXT...]" },
    ],
    description:
      message`Send one message, wait until the server has stored it, and leave. It prints nothing when all is well, and asks nothing without a terminal.`,
  },
);

const demo = command("demo", object({ type: constant("demo") }), {
  brief: message`See every kind of message on this machine, then leave.`,
  description:
    message`Run a server and three people on this machine, show every kind of message, check each one, then leave.`,
});

const certs = command("certs", object({ type: constant("certs"), data: optional(DATA) }), {
  brief: message`Show the server's pin and certificate.`,
  description:
    message`Show the server's pin and where its certificate and key are. Makes them where there are none.`,
});

const discover = command(
  "discover",
  object({
    type: constant("discover"),
    seconds: optional(option("--seconds", integer({ metavar: "N", min: 1, max: 60 }), {
      description: message`How long to listen (default: 3).`,
    })),
    json: optional(flag("--json", {
      description: message`Print one JSON object for each server, one a line (docs/cli.md).`,
    })),
  }),
  {
    brief: message`List the servers of the local network.`,
    usageLine: [OPTIONS],
    description:
      message`List the servers that are announced on the local network, with their rooms, how many people are online, and their pins. Nothing of it is proven: the first contact still asks.`,
  },
);

const bench = command(
  "bench",
  command(
    "compare",
    object({
      type: constant("compare"),
      seconds: optional(option("--seconds", integer({ metavar: "N", min: 1, max: 300 }), {
        description: message`About how long each of the two tables takes (default: 15).`,
      })),
    }),
    {
      brief: message`Compare QUIC and TLS over TCP on this machine.`,
      usageLine: [OPTIONS],
      description:
        message`Do the same chat work over QUIC and over TLS, with a server of its own on this machine, and print what it took and what that shows: on loopback and, where the system lets it, on a line that loses packets.`,
    },
  ),
  {
    brief: message`Measure: sotto bench compare.`,
    description: message`Measure how Sotto does on this machine.`,
  },
);

const invite = command(
  "invite",
  object({
    type: constant("invite"),
    data: optional(DATA),
    host: optional(option("--host", string({ metavar: "NAME" }), {
      description:
        message`The server's name or address as others reach it (default: this machine's).`,
    })),
    port: optional(option("--port", integer({ metavar: "PORT", min: 1, max: 65_535 }), {
      description: message`Its UDP port (default: 4433).`,
    })),
    uses: optional(option("--uses", integer({ metavar: "N", min: 1, max: LIMITS.inviteUses }), {
      description: message`How many people it lets in (default: 1).`,
    })),
    lifetime: optional(option("--expires", duration(), {
      description: message`How long it is good for, such as 12h or 30d (default: 7d).`,
    })),
    qr: optional(flag("--qr", {
      description: message`Draw it as a QR code too, as on a terminal always.`,
    })),
    list: optional(flag("--list", {
      description: message`Show the invitations that are good, with their numbers; make none.`,
    })),
    withdraw: optional(option("--withdraw", integer({ metavar: "NUMBER", min: 1 }), {
      description: message`Withdraw this one; make none.`,
    })),
  }),
  {
    brief: message`Invite somebody to the server of this machine.`,
    usageLine: [OPTIONS],
    description:
      message`Print a line for sotto client that lets somebody in: it carries the server's pin and a code, which makes an account also where --registration invite is set. The server may run meanwhile.`,
  },
);

const admin = command(
  "admin",
  object({
    type: constant("admin"),
    data: optional(DATA),
    add: optional(option("--add", string({ metavar: "USER" }), {
      description: message`Make this account an admin.`,
    })),
    remove: optional(option("--remove", string({ metavar: "USER" }), {
      description: message`Make it none any more.`,
    })),
  }),
  {
    brief: message`Say who may invite from a client.`,
    usageLine: [OPTIONS],
    description:
      message`Print the names of the admins of this machine's server, who may type /invite in a client. The server may run meanwhile.`,
  },
);

const man = command(
  "man",
  object({
    type: constant("man"),
    page: optional(argument(string({ metavar: "COMMAND" }), {
      description: message`The command; without it, the page of sotto itself.`,
    })),
  }),
  {
    brief: message`Write a manual page.`,
    description:
      message`Write the manual page of sotto or of a command on standard output, for man: sotto man client >~/.local/share/man/man1/sotto-client.1`,
  },
);

/** All of it. */
export const parser = or(server, client, send, discover, demo, certs, invite, admin, man, bench);

/** What was asked for: told apart by `type`. */
export type Command = InferValue<typeof parser>;
