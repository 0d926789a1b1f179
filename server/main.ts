/**
 * Puts the server together and takes it apart again: which engine, which store, which services.
 * Everything else is handed what it needs from here. It prints nothing but the line `ready`, and
 * never ends the process.
 */
import { join } from "node:path";
import process from "node:process";
import { loadCertificate, loadOrMakeCertificate, type ServerCertificate } from "../certs/load.ts";
import { certificateNames } from "../certs/names.ts";
import { makePrivateFolder } from "../certs/private_file.ts";
import { type Clock, systemClock } from "../protocol/clock.ts";
import { EXIT } from "../protocol/exit_codes.ts";
import { formatHostPort } from "../protocol/host_port.ts";
import type { Address, EngineName } from "../protocol/transport/transport.ts";
import { ALPN } from "../protocol/version.ts";
import { startAnnouncing } from "./announcing.ts";
import type { ServerConfig } from "./config.ts";
import { listenQuic, listenTls } from "./listening.ts";
import { startHousekeeping } from "./housekeeping.ts";
import { describe, type Logger, makeLogger } from "./log.ts";
import { Flusher } from "./outbox.ts";
import { Peers } from "./peers.ts";
import { AddressPaces } from "./rate.ts";
import { Accounts } from "./services/accounts.ts";
import { Conversations } from "./services/conversations.ts";
import { Delivery } from "./services/delivery.ts";
import { Files, type FilesOptions } from "./services/files.ts";
import { type PasswordOptions, startPasswords } from "./services/passwords.ts";
import { Invites } from "./services/invites.ts";
import { People } from "./services/people.ts";
import { Places } from "./services/places.ts";
import { Presence } from "./services/presence.ts";
import { Sessions } from "./services/sessions.ts";
import { openTokens } from "./services/tokens.ts";
import { DiskBlobs } from "./store/blobs.ts";
import { openSqliteStore } from "./store/sqlite.ts";
import type { Store } from "./store/store.ts";

/** What tests and the bench replace. */
export interface StartOptions {
  readonly clock?: Clock;
  readonly log?: Logger;
  readonly passwords?: PasswordOptions;
  /** The software, as `welcome` tells it. */
  readonly software?: string;
}

export interface RunningServer extends AsyncDisposable {
  readonly address: Address;
  /** The certificate's, as clients pin it. */
  readonly pin: string;
  readonly engine: EngineName;
  /** TCP; `undefined` where TLS is off. */
  readonly tlsPort: number | undefined;
  /** Commits and acknowledges what is under way, says `bye`, closes everything. Idempotent. */
  stop(): Promise<void>;
  /** Resolves when it has stopped. */
  readonly stopped: Promise<void>;
}

/** Starts a server; resolves when it takes connections. What fails leaves nothing behind. */
export async function startServer(
  config: ServerConfig,
  options: StartOptions = {},
): Promise<RunningServer> {
  const { clock = systemClock, software = "sotto" } = options;
  const log = options.log ?? makeLogger({ level: config.logLevel, format: config.logFormat });
  await using parts = new AsyncDisposableStack();

  await makePrivateFolder(config.data);
  // The store first: its lock keeps a second server from the keys as well.
  const store = parts.use(openSqliteStore(join(config.data, "sotto.db")));
  const certificate = await openCertificate(config, log);
  const onFailure = (reason: string) => log.error("password_thread_failed", { reason });
  const passwords = parts.use(startPasswords({ clock, onFailure, ...options.passwords }));
  const presence = new Presence({ clock });
  const conversations = new Conversations({ store, presence });
  const people = new People({ store, presence });
  const { rooms } = config.limits;
  const places = new Places({ store, conversations, presence, rooms });
  const delivery = new Delivery({
    store,
    audience: conversations,
    clock,
    log,
    limit: config.limits.uncommitted,
  });
  const invites = new Invites({ store: store.admission, clock });
  const accounts = new Accounts({
    invites,
    store,
    passwords,
    tokens: await openTokens(config.data, { issuer: "sotto" }),
    registration: config.registration,
    logins: new AddressPaces(config.limits.logins),
    failures: new AddressPaces(config.limits.failures),
    clock,
    log,
  });
  const sessions = new Sessions({ presence, conversations });
  const files = parts.use(await openFiles(config, { store, conversations, clock }));

  const quic = parts.use(await listenQuic(config, certificate, log));
  const { address } = quic;
  const { pin } = certificate;
  const tls = await listenTls(config, address.port, certificate, log);
  if (tls !== undefined) parts.use(tls);
  const peers = new Peers(tls === undefined ? [quic] : [quic, tls], {
    services: {
      accounts,
      conversations,
      invites,
      delivery,
      files,
      people,
      places,
      presence,
      sessions,
      store,
      log,
    },
    flusher: new Flusher(),
    clock,
    log,
    rates: config.limits,
    outbox: config.limits.outbox,
    software,
  });
  parts.defer(startHousekeeping({ store, files, clock, log }));
  const tlsPort = tls?.address.port;
  log.info("listening", {
    address: formatHostPort(address.hostname, address.port),
    engine: quic.engine,
    tls_port: tlsPort,
    pin,
  });
  const announcing = config.announce
    ? parts.use(startAnnouncing({ address, pin, tlsPort, presence, store, clock, log }))
    : undefined;

  const held = parts.move();
  const { promise: stopped, resolve: haveStopped } = Promise.withResolvers<void>();
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    log.info("draining", { connections: peers.count });
    const drained = peers.drain(config.limits.drain, () => delivery.idle());
    await Promise.all([drained, announcing?.[Symbol.asyncDispose]()]);
    await held.disposeAsync();
    log.info("stopped");
    haveStopped();
  };
  return {
    address,
    pin,
    engine: quic.engine,
    tlsPort,
    stop: () => stopping ??= stop(),
    stopped,
    [Symbol.asyncDispose]: () => stopping ??= stop(),
  };
}

export interface RunOptions extends StartOptions {
  /** Takes the line that says that the server is ready. */
  readonly stdout: (line: string) => void;
}

/**
 * Runs a server until the first SIGINT or SIGTERM, which drains it; a second one does not wait.
 * Resolves with the exit code.
 */
export async function runServer(config: ServerConfig, options: RunOptions): Promise<number> {
  const log = options.log ?? makeLogger({ level: config.logLevel, format: config.logFormat });
  const interrupted = Promise.withResolvers<void>();
  const hurried = Promise.withResolvers<void>();
  let signals = 0;
  const onSignal = () => (signals++ === 0 ? interrupted : hurried).resolve();
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  try {
    const server = await startServer(config, { ...options, log });
    const where = formatHostPort(server.address.hostname, server.address.port);
    options.stdout(`ready quic://${where} alpn=${ALPN} pin=${server.pin}`);
    await interrupted.promise;
    const outcome = await Promise.race([
      server.stop().then(() => EXIT.done),
      hurried.promise.then(() => EXIT.failed),
    ]);
    return outcome;
  } catch (error) {
    log.error("cannot_start", { error: describe(error) });
    return EXIT.failed;
  } finally {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  }
}

async function openFiles(
  { data, files, limits }: ServerConfig,
  { store, ...parts }: Pick<FilesOptions, "conversations" | "clock"> & { readonly store: Store },
): Promise<Files> {
  const folder = join(data, "files");
  await makePrivateFolder(folder);
  const { files: count, spare, transfers, keepPart } = limits;
  return new Files({
    store: store.files,
    blobs: new DiskBlobs(folder),
    ...parts,
    limits: { ...files, count, spare, transfers, keepPart },
  });
}

async function openCertificate(config: ServerConfig, log: Logger): Promise<ServerCertificate> {
  const { certificate: files, data, host } = config;
  const certificate = files === undefined
    ? await loadOrMakeCertificate(data, certificateNames(host))
    : await loadCertificate(files.certFile, files.keyFile);
  for (const warning of certificate.warnings) log.warn("certificate", { warning });
  return certificate;
}
