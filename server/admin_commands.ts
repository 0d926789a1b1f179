/**
 * `sotto invite` and `sotto admin`: on the server's machine, in its data folder, whether the server
 * runs or not. They need no sign-in: the permissions of the folder decide who can run them.
 */
import { hostname, networkInterfaces } from "node:os";
import { join } from "node:path";
import { loadOrMakeCertificate } from "../certs/load.ts";
import { certificateNames } from "../certs/names.ts";
import { systemClock } from "../protocol/clock.ts";
import { ProtocolError } from "../protocol/errors.ts";
import { DEFAULT_PORT } from "../protocol/host_port.ts";
import { drawQr, formatInviteLine } from "../protocol/invite_line.ts";
import { foldName } from "../protocol/names.ts";
import { DATABASE_FILE, openDataFolder } from "./data_folder.ts";
import { Invitations } from "./services/invitations.ts";
import { StoreError } from "./store/error.ts";
import { openBesideServer, openSqliteStore } from "./store/sqlite.ts";
import type { Store } from "./store/store.ts";

/** What was asked for cannot be done. The message says what would. */
class AdminCommandError extends Error {
  override readonly name = "InviteError";
}

interface InviteCommand {
  readonly data: string;
  /** The server as others reach it, without brackets. */
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly uses: number | undefined;
  /** Milliseconds. */
  readonly lifetime: number | undefined;
  readonly list: boolean;
  readonly withdraw: number | undefined;
  /** Draw the line as a QR code too. */
  readonly qr: boolean;
}

/** Carries it out; returns the lines to print. */
export async function invite(command: InviteCommand): Promise<string[]> {
  await using store = await openStore(command.data);
  if (command.list) return (await store.invitations.list(systemClock.time())).map(describe);
  if (command.withdraw !== undefined) {
    if (await store.invitations.withdraw(command.withdraw)) return [];
    throw new AdminCommandError(
      `There is no invitation ${command.withdraw}. Show those that there are: sotto invite --list`,
    );
  }
  const { pin } = await loadOrMakeCertificate(command.data, certificateNames());
  const invites = new Invitations({ store, clock: systemClock });
  const { code } = await invites.create(command).catch((error) => {
    throw error instanceof ProtocolError ? new AdminCommandError(error.message) : error;
  });
  const { host = reachableName(), port = DEFAULT_PORT } = command;
  const line = formatInviteLine({ host, port, pin, code });
  return command.qr ? [line, "", ...drawQr(line)] : [line];
}

interface AdminCommand {
  readonly data: string;
  readonly add: string | undefined;
  readonly remove: string | undefined;
}

/** Makes accounts admins, or ordinary ones again; returns the names of all admins. */
export async function admin({ data, add, remove }: AdminCommand): Promise<string[]> {
  await using store = await openStore(data);
  for (const [name, isAdmin] of [[add, true], [remove, false]] as const) {
    if (name === undefined || await store.accounts.setAdmin(foldName(name), isAdmin)) continue;
    throw new AdminCommandError(
      `There is no account ${name} here. It is made at the first login: then it can be an admin.`,
    );
  }
  return await store.accounts.admins();
}

/** Opens the store as a server does, or beside the server if one runs. */
async function openStore(folder: string): Promise<Store> {
  await openDataFolder(folder);
  const file = join(folder, DATABASE_FILE);
  try {
    return openSqliteStore(file);
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== "in_use") throw error;
    return openBesideServer(file);
  }
}

/** `2: 1 of 5 used, until 2026-01-07T12:00:00.000Z, by ann` */
function describe(
  { number, used, uses, expiresAt, by }: {
    readonly number: number;
    readonly used: number;
    readonly uses: number;
    readonly expiresAt: number;
    readonly by: string | undefined;
  },
): string {
  const until = new Date(expiresAt).toISOString();
  return `${number}: ${used} of ${uses} used, until ${until}, by ${by ?? "the operator"}`;
}

/** A full name, else the first address that others may reach; both are guesses. */
function reachableName(): string {
  const name = hostname();
  if (name.includes(".")) return name;
  const addresses = Object.values(networkInterfaces()).flat();
  return addresses.find((one) => one?.family === "IPv4" && !one.internal)?.address ?? name;
}
