/** The server's data folder, which is closed to other users of the machine. It knows no file inside. */
import { chmod, readdir } from "node:fs/promises";
import { checkPrivateFolder, makePrivateFolder } from "../certs/private_file.ts";

/** Where the database is, in the data folder. */
export const DATABASE_FILE = "sotto.db";

/**
 * Makes the folder, or closes one that has been a data folder, or is empty, to all but its owner.
 * Throws `PrivateFileError` for any other folder that is open: others may need what it contains.
 */
export async function openDataFolder(folder: string): Promise<void> {
  await makePrivateFolder(folder);
  const names = await readdir(folder);
  if (names.length === 0 || names.includes(DATABASE_FILE)) {
    // Fails for a folder of another user, which the check below refuses if it is open.
    await chmod(folder, 0o700).catch(() => {});
  }
  await checkPrivateFolder(folder);
}
