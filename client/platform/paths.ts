/**
 * Where the client keeps things, by the XDG Base Directory Specification. It makes nothing.
 */
import { isAbsolute, join } from "node:path";

export interface ClientPaths {
  readonly knownHosts: string;
  /** The folder of tokens. */
  readonly tokens: string;
  /** The folder of uploads that were begun. */
  readonly uploads: string;
  /** Where files that come are written, if nobody says otherwise. */
  readonly downloads: string;
  readonly home: string;
}

/** The places for this environment. A relative path in it is ignored, as the specification says. */
export function clientPaths(
  env: Readonly<Record<string, string | undefined>>,
  home: string,
): ClientPaths {
  const folder = (variable: string, otherwise: string) => {
    const given = env[variable];
    return join(given && isAbsolute(given) ? given : join(home, otherwise), "sotto");
  };
  const state = folder("XDG_STATE_HOME", join(".local", "state"));
  const given = env["XDG_DOWNLOAD_DIR"];
  return {
    knownHosts: join(folder("XDG_CONFIG_HOME", ".config"), "known_hosts"),
    tokens: join(state, "tokens"),
    uploads: join(state, "uploads"),
    downloads: given && isAbsolute(given) ? given : join(home, "Downloads"),
    home,
  };
}
