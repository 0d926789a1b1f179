/**
 * Two quiche connections that are joined in memory, through the binding alone: no sockets, no event
 * loop. The test carries each datagram, and says which address it comes from.
 */
import { makeConfig } from "../../../../protocol/transport/quiche/config.ts";
import {
  type Host,
  loadQuiche,
  type NativeConfig,
  type NativeConnection,
} from "../../../../protocol/transport/quiche/native.ts";
import { DEFAULT_LIMITS } from "../../../../protocol/transport/transport.ts";
import { testCertificate } from "../../../helpers/certificate.ts";

export const SERVER: Host = { host: "192.0.2.1", port: 443 };
export const CLIENT: Host = { host: "192.0.2.2", port: 50_000 };
const ID_LENGTH = 8;
const MAX_ROUNDS = 20;

export interface NativePair {
  readonly client: NativeConnection;
  readonly server: NativeConnection;
}

/** Established, with spare connection IDs at both ends, and nothing in flight. */
export async function nativePair(
  configureServer: (config: NativeConfig) => void = () => {},
): Promise<NativePair> {
  const quiche = await loadQuiche();
  const options = { alpn: ["test"], limits: DEFAULT_LIMITS };
  const clients = makeConfig(quiche, options);
  const servers = makeConfig(quiche, { ...options, identity: await testCertificate() });
  configureServer(servers);
  const client = quiche.Connection.connect("localhost", randomId(), CLIENT, SERVER, clients);
  const server = quiche.Connection.accept(randomId(), null, SERVER, CLIENT, servers);
  const pair = { client, server };
  exchange(pair);
  for (const end of [client, server]) {
    for (let spare = 0; spare < 3; spare++) end.newSourceCid(randomId(), 1n, false);
  }
  exchange(pair);
  if (!client.isEstablished() || !server.isEstablished()) throw new Error("The handshake failed");
  return pair;
}

/** Carries datagrams to and fro until neither end has one. */
export function exchange({ client, server }: NativePair): void {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const up = datagramsOf(client);
    for (const datagram of up) server.recv(datagram, { from: CLIENT, to: SERVER });
    const down = datagramsOf(server);
    for (const datagram of down) client.recv(datagram, { from: SERVER, to: CLIENT });
    if (up.length + down.length === 0) return;
  }
  throw new Error(`There are still datagrams after ${MAX_ROUNDS} rounds`);
}

export function datagramsOf(connection: NativeConnection): Uint8Array[] {
  const out = new Uint8Array(1350);
  const datagrams: Uint8Array[] = [];
  for (let sent; (sent = connection.send(out)) !== null;) datagrams.push(out.slice(0, sent[0]));
  return datagrams;
}

function randomId(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(ID_LENGTH));
}
