/** The platforms that executables are built for, and the npm packages that each needs. */

export interface Target {
  /** As `deno compile --target` names it. */
  readonly triple: string;
  /** The npm package with the `deno` binary. */
  readonly deno: string;
  /**
   * The npm package with the QUIC addon. `undefined`: this platform has none, and Sotto uses Deno's
   * built-in QUIC.
   */
  readonly addon: string | undefined;
  /** The output of `uname -s` and `uname -m`. `undefined`: there is no POSIX shell. */
  readonly uname: string | undefined;
}

const TARGETS: readonly Target[] = [
  {
    triple: "x86_64-unknown-linux-gnu",
    deno: "@deno/linux-x64-glibc",
    addon: "@matrixai/quic-linux-x64",
    uname: "Linux x86_64",
  },
  {
    triple: "aarch64-unknown-linux-gnu",
    deno: "@deno/linux-arm64-glibc",
    addon: undefined,
    uname: "Linux aarch64",
  },
  {
    triple: "x86_64-apple-darwin",
    deno: "@deno/darwin-x64",
    addon: "@matrixai/quic-darwin-x64",
    uname: "Darwin x86_64",
  },
  {
    triple: "aarch64-apple-darwin",
    deno: "@deno/darwin-arm64",
    addon: "@matrixai/quic-darwin-arm64",
    uname: "Darwin arm64",
  },
  {
    triple: "x86_64-pc-windows-msvc",
    deno: "@deno/win32-x64",
    addon: "@matrixai/quic-win32-x64",
    uname: undefined,
  },
];

/** The target with this name; without a name, this machine's. Throws an error that lists all. */
export function findTarget(triple: string = Deno.build.target): Target {
  const target = TARGETS.find((target) => target.triple === triple);
  if (target !== undefined) return target;
  throw new Error(
    `Cannot build for ${triple}: give one of ${TARGETS.map(({ triple }) => triple).join(", ")}`,
  );
}
