/** A server as it is found on the local network. */
import type { FoundServer } from "../../protocol/discovery/catalogue.ts";

export function foundServer(facts: Partial<FoundServer> = {}): FoundServer {
  return {
    name: "Lab",
    addresses: ["192.0.2.7"],
    port: 4433,
    alpn: "sotto/1",
    pin: "SHA256:n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg",
    tlsPort: undefined,
    people: 3,
    rooms: ["general", "tech"],
    moreRooms: 0,
    ...facts,
  };
}
