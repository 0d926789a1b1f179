/**
 * The command line as one table: every command, option and help text. It makes plain option values;
 * `server/config.ts` and `client/main.ts` interpret them.
 *
 * No option takes a password, passphrase or token: other users of the machine can read arguments.
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
const level = () => choice(["error", "warn", "info", "debug", "trace"], { metavar: "LEVEL" });

const DATA = option("--data", folder(), {
  description:
    message`Folder of the database, the certificate, the keys and the users' files (default: the folder sotto in $XDG_DATA_HOME or ~/.local/share).`,
});

const PLAIN = map(
  flag("--plain", {
    description:
      message`Print plain lines, for screen readers and pipes (default without a terminal).`,
  }),
  () => "plain" as const,
);
const JSON_LINES = map(
  flag("--json", {
    description: message`Print each event as a JSON object on a line (docs/cli.md).`,
  }),
  () => "json" as const,
);

/** `[OPTION...]`: the help lists the options below. */
export const OPTIONS: UsageTerm = {
  type: "optional",
  terms: [{ type: "multiple", min: 1, terms: [{ type: "argument", metavar: "OPTION" }] }],
};

const server = command(
  "server",
  object({
    type: constant("server"),
    host: optional(option("--host", string({ metavar: "ADDRESS" }), {
      description: message`Address to listen on (default: ::, all addresses, IPv4 too).`,
    })),
    port: optional(option("--port", integer({ metavar: "PORT", min: 0, max: 65_535 }), {
      description: message`UDP port (default: 4433; 0: any free port).`,
    })),
    tlsPort: optional(option("--tls-port", tlsPort(), {
      description:
        message`TCP port for clients that cannot use UDP, or off (default: the same number as the UDP port).`,
    })),
    data: optional(DATA),
    registration: optional(
      option("--registration", choice(["open", "invite", "closed"], { metavar: "WHEN" }), {
        description:
          message`Who can register a new name: everyone, invited people, or no one (default: open).`,
      }),
    ),
    cert: optional(option("--cert", file(), {
      description: message`A certificate (PEM) instead of the server's own. Needs --key.`,
    })),
    key: optional(option("--key", file(), {
      description: message`The private key (PEM) of --cert.`,
    })),
    engine: optional(
      option("--engine", choice(["auto", "quiche", "builtin"], { metavar: "NAME" }), {
        description: message`QUIC engine (default: auto, the best for this platform).`,
      }),
    ),
    quota: optional(option("--quota", string({ metavar: "SIZE" }), {
      description: message`Space for the files of each account (default: 4GiB).`,
    })),
    maxFile: optional(option("--max-file", string({ metavar: "SIZE" }), {
      description: message`Largest file that users can send (default: 2GiB).`,
    })),
    keepFiles: optional(
      option("--keep-files", integer({ metavar: "DAYS", min: 1, max: 36_500 }), {
        description: message`Days after which files are deleted (default: 30).`,
      }),
    ),
    announce: optional(map(
      flag("--no-announce", {
        description: message`Do not announce the server on the local network.`,
      }),
      () => false,
    )),
    logLevel: optional(
      option("--log-level", level(), {
        description:
          message`Least severe messages to log, on standard error (default: info). trace also lets SSLKEYLOGFILE log keys.`,
      }),
    ),
    logFormat: optional(option("--log-format", choice(["text", "json"], { metavar: "FORMAT" }), {
      description: message`Format of the log (default: text).`,
    })),
  }),
  {
    brief: message`Run a server.`,
    usageLine: [OPTIONS],
    description:
      message`Run a server. When it is ready, it prints one line on standard output: ready quic://HOST:PORT alpn=sotto/1 pin=SHA256:…`,
  },
);

/** Options of every command that connects to a server. */
const ACCESS = {
  passwordFile: optional(option("--password-file", file(), {
    description: message`Read the password from the first line of this file; - is standard input.`,
  })),
  acceptNew: optional(flag("--accept-new", {
    description: message`Trust the key of an unknown server without asking, and remember it.`,
  })),
  pin: optional(option("--pin", pin(), {
    description: message`Connect only to a server with this key.`,
  })),
  transport: optional(
    option("--transport", choice(["auto", "quic", "tls"], { metavar: "WAY" }), {
      description:
        message`How to connect: auto tries QUIC, and TLS as well after 1.5 seconds (default: auto).`,
    }),
  ),
  logLevel: optional(
    option("--log-level", level(), {
      description:
        message`debug logs the stages of each handshake, on standard error. trace also lets SSLKEYLOGFILE log keys.`,
    }),
  ),
};

const client = command(
  "client",
  object({
    type: constant("client"),
    address: optional(argument(serverAddress(), {
      description:
        message`The server: [USER@]HOST[:PORT], with an IPv6 address in brackets, or an invite line (sotto://…). Without it, you pick a server of the local network.`,
    })),
    ...ACCESS,
    downloads: optional(option("--downloads", folder(), {
      description: message`Folder for received files (default: $XDG_DOWNLOAD_DIR or ~/Downloads).`,
    })),
    autoAccept: optional(option("--auto-accept", size(), {
      description:
        message`Download files of at most this size, such as 10M, without asking (default: none).`,
    })),
    output: optional(or(PLAIN, JSON_LINES)),
  }),
  {
    brief: message`Chat.`,
    usageLine: [
      OPTIONS,
      { type: "optional", terms: [{ type: "argument", metavar: "SERVER" }] },
    ],
    description: message`Sign in to a server and chat. Type /help there to see all commands.`,
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
        message`Where to send: room:NAME (or '#NAME'), group:NAME, @NAME, or @NAME,NAME. Joins the room if necessary.`,
    }),
    text: multiple(argument(string({ metavar: "TEXT" }), {
      description: message`The message. Without it, standard input is the message.`,
    })),
    ...ACCESS,
    json: optional(flag("--json", {
      description: message`Print what happens to each message, as a JSON object on a line.`,
    })),
  }),
  {
    brief: message`Send one message.`,
    usageLine: [
      OPTIONS,
      // One term: Optique puts optional terms first.
      { type: "argument", metavar: "SERVER TARGET [TEXT...]" },
    ],
    description:
      message`Send one message and wait until the server has stored it. It prints nothing on success, and asks nothing without a terminal.`,
  },
);

const demo = command("demo", object({ type: constant("demo") }), {
  brief: message`Show every kind of message, on this machine.`,
  description:
    message`Run a server and three clients on this machine, show and check every kind of message, and stop.`,
});

const certs = command("certs", object({ type: constant("certs"), data: optional(DATA) }), {
  brief: message`Show the server's pin and certificate.`,
  description:
    message`Show the server's pin, and where its certificate and key are. Makes them if there are none.`,
});

const discover = command(
  "discover",
  object({
    type: constant("discover"),
    seconds: optional(option("--seconds", integer({ metavar: "N", min: 1, max: 60 }), {
      description: message`How long to listen (default: 3).`,
    })),
    json: optional(flag("--json", {
      description: message`Print each server as a JSON object on a line (docs/cli.md).`,
    })),
  }),
  {
    brief: message`List the servers of the local network.`,
    usageLine: [OPTIONS],
    description:
      message`List the servers that announce themselves on the local network, with their rooms, how many people are online, and their pins. An announcement proves nothing: the first contact still asks whether to trust the key.`,
  },
);

const bench = command(
  "bench",
  command(
    "compare",
    object({
      type: constant("compare"),
      seconds: optional(option("--seconds", integer({ metavar: "N", min: 1, max: 300 }), {
        description: message`How long each of the two tables takes, about (default: 15).`,
      })),
    }),
    {
      brief: message`Compare QUIC and TLS over TCP on this machine.`,
      usageLine: [OPTIONS],
      description:
        message`Do the same chat work over QUIC and over TLS, with a server on this machine, and print the measurements and what they show: on loopback and, where the system allows it, on a link that loses packets.`,
    },
  ),
  {
    brief: message`Measure performance: sotto bench compare.`,
    description: message`Measure the performance of Sotto on this machine.`,
  },
);

const invite = command(
  "invite",
  object({
    type: constant("invite"),
    data: optional(DATA),
    host: optional(option("--host", string({ metavar: "NAME" }), {
      description:
        message`Name or address at which others reach the server (default: this machine's).`,
    })),
    port: optional(option("--port", integer({ metavar: "PORT", min: 1, max: 65_535 }), {
      description: message`The server's UDP port (default: 4433).`,
    })),
    uses: optional(option("--uses", integer({ metavar: "N", min: 1, max: LIMITS.inviteUses }), {
      description: message`How many people can use it (default: 1).`,
    })),
    lifetime: optional(option("--expires", duration(), {
      description: message`How long it is valid, such as 12h or 30d (default: 7d).`,
    })),
    qr: optional(flag("--qr", {
      description: message`Also draw a QR code. On a terminal this is the default.`,
    })),
    list: optional(flag("--list", {
      description: message`List the valid invitations with their numbers, and make none.`,
    })),
    withdraw: optional(option("--withdraw", integer({ metavar: "NUMBER", min: 1 }), {
      description: message`Withdraw this invitation, and make none.`,
    })),
  }),
  {
    brief: message`Invite people to this machine's server.`,
    usageLine: [OPTIONS],
    description:
      message`Print an invite line for sotto client. It carries the server's pin, and a code with which people can register even under --registration invite. The server may be running.`,
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
      description: message`Make this account an ordinary one.`,
    })),
  }),
  {
    brief: message`List and change the admins.`,
    usageLine: [OPTIONS],
    description:
      message`List the admins of this machine's server. Admins can invite people from a client, with /invite. The server may be running.`,
  },
);

const man = command(
  "man",
  object({
    type: constant("man"),
    page: optional(argument(string({ metavar: "COMMAND" }), {
      description: message`The command. Without it, the page is about sotto itself.`,
    })),
  }),
  {
    brief: message`Print a manual page.`,
    description:
      message`Print the manual page of sotto or of a command, for man: sotto man client >~/.local/share/man/man1/sotto-client.1`,
  },
);

/** Every command. */
export const parser = or(server, client, send, discover, demo, certs, invite, admin, man, bench);

/** A command with its options. */
export type Command = InferValue<typeof parser>;
