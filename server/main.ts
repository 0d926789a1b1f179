/**
 * Starts and stops a server: it chooses the engine, the store and the services, and connects them. It
 * prints only the line `ready`, and never ends the process.
 */
import { join } from "node:path";
import process from "node:process";
import { loadCertificate, loadOrMakeCertificate, type ServerCertificate } from "../certs/load.ts";
import { certificateNames } from "../certs/names.ts";
import { makePrivateFolder } from "../certs/private_file.ts";
import { type Clock, systemClock } from "../protocol/clock.ts";
import { EXIT } from "../protocol/exit_codes.ts";
import { formatHostPort } from "../protocol/host_port.ts";
import { describeSystemError, errorCode } from "../protocol/system_error.ts";
import type { Address, EngineName } from "../protocol/transport/transport.ts";
import { ALPN } from "../protocol/version.ts";
import { startAnnouncer } from "./announcer.ts";
import type { ServerConfig } from "./config.ts";
import { DATABASE_FILE, openDataFolder } from "./data_folder.ts";
import { FrameRates } from "./frame_rates.ts";
import { listenQuic, listenTls } from "./listeners.ts";
import { startMaintenance } from "./maintenance.ts";
import { type Logger, makeLogger } from "./log.ts";
import { Flusher } from "./outbox.ts";
import { Connections } from "./connections.ts";
import { Pacer } from "./pacer.ts";
import { openReceiveBuffer } from "./receive_buffer.ts";
import { makeServices, type Services } from "./services.ts";
import { type PasswordOptions, startPasswords } from "./services/passwords.ts";
import { openTokens } from "./token_key.ts";
import { DiskBlobs } from "./store/blobs.ts";
import { openSqliteStore } from "./store/sqlite.ts";

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
}

/** Starts a server; resolves when it takes connections. What fails leaves nothing behind. */
export async function startServer(
  config: ServerConfig,
  options: StartOptions = {},
): Promise<RunningServer> {
  const { clock = systemClock, passwords, software = "sotto" } = options;
  const log = options.log ?? makeLogger({ level: config.logLevel, format: config.logFormat });
  await using resources = new AsyncDisposableStack();

  await openDataFolder(config.data);
  // The services first: the lock of their store keeps a second server from the keys as well.
  const pacer = new Pacer({ clock });
  const flusher = new Flusher();
  const parts = { clock, log, pacer, flusher };
  const services = await openServices(config, resources, { ...parts, passwords });
  const certificate = await openCertificate(config, log);
  const admit = () => pacer.turn("handshake");
  const quic = resources.use(await listenQuic(config, certificate, { log, admit }));
  const { address, engine } = quic;
  const buffer = await openReceiveBuffer(address.port, log);
  if (buffer !== undefined) {
    resources.use(buffer);
    pacer.watch(() => buffer.unread());
  }
  const tls = await listenTls(config, address.port, certificate, { log, admit });
  if (tls !== undefined) resources.use(tls);
  const { limits } = config;
  const peers = new Connections(tls === undefined ? [quic] : [quic, tls], {
    services,
    ...parts,
    rates: new FrameRates(limits, clock),
    outbox: limits.outbox,
    software,
  });
  const { store, files, presence } = services;
  resources.defer(startMaintenance({ store, files, clock, log }));
  const { pin } = certificate;
  const tlsPort = tls?.address.port;
  const where = formatHostPort(address.hostname, address.port);
  log.info("listening", { address: where, engine, tls_port: tlsPort, pin });
  const announcing = config.announce
    ? resources.use(
      startAnnouncer({ address, pin, tlsPort, presence, rooms: store.rooms, clock, log }),
    )
    : undefined;

  const held = resources.move();
  const stop = once(async () => {
    log.info("draining", { connections: peers.count });
    const drained = peers.drain(limits.drain, () => services.delivery.idle());
    await Promise.all([drained, announcing?.[Symbol.asyncDispose]()]);
    await held.disposeAsync();
    log.info("stopped");
  });
  return { address, pin, engine, tlsPort, stop, [Symbol.asyncDispose]: stop };
}

interface RunOptions extends StartOptions {
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
    log.error("cannot_start", { error: reasonOf(error) });
    return EXIT.failed;
  } finally {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  }
}

/** Opens what the services stand on, and makes them. */
async function openServices(
  config: ServerConfig,
  resources: AsyncDisposableStack,
  { passwords, ...parts }: {
    readonly clock: Clock;
    readonly log: Logger;
    readonly pacer: Pacer;
    readonly flusher: Flusher;
    readonly passwords: PasswordOptions | undefined;
  },
): Promise<Services> {
  const { data, limits, registration } = config;
  const file = join(data, DATABASE_FILE);
  const store = resources.use(openSqliteStore(file));
  const folder = join(data, "files");
  await makePrivateFolder(folder);
  const { clock, log } = parts;
  const onFailure = (reason: string) => log.error("password_thread_failed", { reason });
  const { files: count, spare, transfers, slowBytes, slowTime, keepPart } = limits;
  const services = makeServices({
    store,
    blobs: new DiskBlobs(folder),
    passwords: resources.use(startPasswords({ clock, onFailure, ...passwords })),
    tokens: await openTokens(data, { issuer: "sotto" }),
    registration,
    limits,
    files: { ...config.files, count, spare, transfers, slowBytes, slowTime, keepPart },
    ...parts,
  });
  resources.use(services.files);
  return services;
}

async function openCertificate(config: ServerConfig, log: Logger): Promise<ServerCertificate> {
  const { certificate: files, data, host } = config;
  const certificate = files === undefined
    ? await loadOrMakeCertificate(data, certificateNames(host))
    : await loadCertificate(files.certFile, files.keyFile);
  for (const warning of certificate.warnings) log.warn("certificate", { warning });
  return certificate;
}

/** Why the server cannot start: the program's own errors say so in a sentence. */
function reasonOf(error: unknown): string {
  const isSystem = /^E[A-Z]+$/.test(errorCode(error) ?? "");
  return isSystem || !(error instanceof Error) ? describeSystemError(error) : error.message;
}

/** Calls the function at most once; every caller gets the same promise. */
function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => running ??= work();
}
