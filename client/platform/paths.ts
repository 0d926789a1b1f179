/** Where the client keeps its files, by the XDG Base Directory Specification. It creates nothing. */
import { isAbsolute, join } from "node:path";

export interface ClientPaths {
  readonly knownHosts: string;
  /** The folder of session tokens. */
  readonly tokens: string;
  /** The folder of uploads that can be continued. */
  readonly uploads: string;
  /** The default folder for accepted files. */
  readonly downloads: string;
  readonly home: string;
}

/** The paths for an environment. The specification says to ignore relative paths in it. */
export function clientPaths(
  env: Readonly<Record<string, string | undefined>>,
  home: string,
): ClientPaths {
  const folder = (variable: string, fallback: string) => {
    const given = env[variable];
    return given !== undefined && isAbsolute(given) ? given : join(home, fallback);
  };
  const state = join(folder("XDG_STATE_HOME", join(".local", "state")), "sotto");
  return {
    knownHosts: join(folder("XDG_CONFIG_HOME", ".config"), "sotto", "known_hosts"),
    tokens: join(state, "tokens"),
    uploads: join(state, "uploads"),
    downloads: folder("XDG_DOWNLOAD_DIR", "Downloads"),
    home,
  };
}
