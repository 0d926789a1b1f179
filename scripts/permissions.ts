/**
 * The permissions of Sotto: only what it needs. The executable is built with these flags, and
 * `npm start` and `npm run demo` give the program the same.
 *
 * Everything else is refused: Sotto may start no program, and cannot ask for more at run time.
 */

/**
 * Environment variables that Sotto or one of its packages reads. None carries a secret: Sotto looks
 * for those with such names only to refuse them.
 */
const ENVIRONMENT = [
  // The folders of its files (XDG Base Directory), and of the demo's.
  "HOME",
  "XDG_CONFIG_HOME",
  "XDG_DATA_HOME",
  "XDG_STATE_HOME",
  "XDG_DOWNLOAD_DIR",
  "TMPDIR",
  "TMP",
  "TEMP",
  // What the terminal can do, and whether to use colours.
  "NO_COLOR",
  "TERM",
  "TERM_PROGRAM",
  // Ink and its packages read these when they are loaded. Sotto sets the last two.
  "TMUX",
  "CI",
  "CONTINUOUS_INTEGRATION",
  "DEV",
  "NODE_ENV",
  "FORCE_COLOR",
  // Where a key log goes, with `--log-level trace`.
  "SSLKEYLOGFILE",
  // Settings (`cli/settings.ts`).
  "SOTTO_HOST",
  "SOTTO_PORT",
  "SOTTO_USER",
  "SOTTO_PASSWORD_FILE",
  "SOTTO_TRANSPORT",
  "SOTTO_PLAIN",
  "SOTTO_JSON",
  "SOTTO_DOWNLOADS",
  "SOTTO_AUTO_ACCEPT",
  "SOTTO_LOG_LEVEL",
  "SOTTO_TLS_PORT",
  "SOTTO_DATA",
  "SOTTO_REGISTRATION",
  "SOTTO_CERT",
  "SOTTO_KEY",
  "SOTTO_ENGINE",
  "SOTTO_QUOTA",
  "SOTTO_MAX_FILE",
  "SOTTO_KEEP_FILES",
  "SOTTO_ANNOUNCE",
  "SOTTO_LOG_FORMAT",
  "SOTTO_PASSWORD",
  "SOTTO_PASSPHRASE",
  "SOTTO_TOKEN",
  "SOTTO_SECRET",
];

/** What Sotto may ask the system, and one thing that it may change. */
const SYSTEM = [
  "homedir", // Without HOME.
  "hostname", // For the server's certificate.
  "networkInterfaces", // To announce a server, and to look for servers.
  "setPriority", // Messages go before password hashing, which has its own thread.
  "statfs", // The free space for files.
];

/** The flags for `deno run` and `deno compile`. */
export const PERMISSIONS: readonly string[] = [
  // Servers listen, and clients connect, where the user says.
  "--allow-net",
  // The user chooses the folders: `--data`, `--cert`, `--password-file`.
  "--allow-read",
  "--allow-write",
  `--allow-env=${ENVIRONMENT.join(",")}`,
  `--allow-sys=${SYSTEM.join(",")}`,
  // The QUIC addon is a native library.
  "--allow-ffi",
  // A missing permission is an error, not a question in the middle of a conversation.
  "--no-prompt",
];
