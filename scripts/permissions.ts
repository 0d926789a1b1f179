/**
 * What Sotto may do on a machine: as little as it needs. The executable is built with these flags,
 * and `npm start` and `npm run demo` give the program the same.
 *
 * What is not here is refused: Sotto starts no program, and can ask for no more at run time.
 */

/**
 * Environment variables that Sotto or one of its packages reads. None carries a secret: those whose
 * names say so are looked for only to refuse them.
 */
const ENVIRONMENT = [
  // Where its files are (XDG Base Directory), and the demo's.
  "HOME",
  "XDG_CONFIG_HOME",
  "XDG_DATA_HOME",
  "XDG_STATE_HOME",
  "XDG_DOWNLOAD_DIR",
  "TMPDIR",
  "TMP",
  "TEMP",
  // What the terminal can do, and whether colours are wanted.
  "NO_COLOR",
  "TERM",
  "TERM_PROGRAM",
  // Ink and its packages look for these when they are loaded; the last two are set for them.
  "TMUX",
  "CI",
  "CONTINUOUS_INTEGRATION",
  "DEV",
  "NODE_ENV",
  "FORCE_COLOR",
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

/** Facts about the machine, and one right over it. */
const SYSTEM = [
  "homedir", // Without HOME.
  "hostname", // A name in the server's certificate.
  "networkInterfaces", // Where to announce a server, and to look for one.
  "setPriority", // The thread that hashes passwords steps back behind messages.
  "statfs", // How much room the disk has left for files.
];

/** The flags for `deno run` and `deno compile`. */
export const PERMISSIONS: readonly string[] = [
  // Servers listen where they are told to; clients dial what people name.
  "--allow-net",
  // `--data`, `--cert`, `--password-file`: people choose the folders.
  "--allow-read",
  "--allow-write",
  `--allow-env=${ENVIRONMENT.join(",")}`,
  `--allow-sys=${SYSTEM.join(",")}`,
  // The QUIC addon is a native library.
  "--allow-ffi",
  // A refusal is an error, never a question in the middle of a conversation.
  "--no-prompt",
];
