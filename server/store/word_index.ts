/**
 * The index of words: which messages of a conversation have a word. It is SQLite's FTS5, in a file of
 * its own beside the database, and holds words and numbers of messages, not the texts.
 *
 * A word is stored with its conversation, so that a search in some conversations reads nothing of
 * others; and with its chapter, so that each list of messages is short. Everything in this file can be made again from the messages: a file that is
 * damaged, or that does not belong to the database, is replaced by an empty one.
 */
import { closeSync, openSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { isDamaged, writeError } from "./error.ts";
import { integer, text } from "./sql.ts";

/** A message, and its words. */
export interface IndexedText {
  readonly number: number;
  readonly conversation: number;
  readonly seq: number;
  readonly words: readonly string[];
}

/** Successive messages of one conversation. */
interface Chapter {
  readonly conversation: number;
  /** From 0. */
  readonly chapter: number;
}

/** The newest message that the index has taken in. It knows all earlier ones too. */
export interface Progress {
  readonly number: number;
  readonly ulid: string;
}

/** Of the file's tables. A file of another version is replaced. */
const VERSION = 1;
const SCHEMA = `
  CREATE VIRTUAL TABLE words USING fts5 (
    body, content = '', contentless_delete = 1, detail = 'none', tokenize = 'ascii'
  );
  CREATE TABLE progress (number INTEGER NOT NULL, ulid TEXT NOT NULL) STRICT;
  INSERT INTO progress VALUES (0, '');
  PRAGMA user_version = ${VERSION};`;

/** Messages of a chapter: a list has no more entries. */
const CHAPTER = 4_096;
/** Characters of a word in the index. Longer words that begin alike are told apart by their texts. */
const LENGTH = 64;

function prepare(database: DatabaseSync) {
  return {
    progress: database.prepare("SELECT number, ulid FROM progress"),
    setProgress: database.prepare("UPDATE progress SET number = ?, ulid = ?"),
    add: database.prepare("INSERT OR REPLACE INTO words (rowid, body) VALUES (?, ?)"),
    remove: database.prepare("DELETE FROM words WHERE rowid = ?"),
    find: database.prepare(
      "SELECT rowid AS number FROM words WHERE words MATCH ? ORDER BY rowid DESC",
    ),
  };
}

export class WordIndex implements Disposable {
  readonly #file: string;
  readonly #database: DatabaseSync;
  readonly #sql: ReturnType<typeof prepare>;

  /**
   * Opens the file, or makes it. `fits`: whether the database has what the index has taken in.
   */
  static open(file: string, fits: (progress: Progress) => boolean): WordIndex {
    makePrivate(file);
    const index = WordIndex.#openIfWhole(file);
    if (index !== undefined && fits(index.progress)) return index;
    index?.[Symbol.dispose]();
    WordIndex.remove(file);
    makePrivate(file);
    return new WordIndex(file);
  }

  /** Removes the file. It must not be open. */
  static remove(file: string): void {
    for (const each of [file, `${file}-wal`, `${file}-shm`]) rmSync(each, { force: true });
  }

  /** `undefined`: it is damaged, or of another version. */
  static #openIfWhole(file: string): WordIndex | undefined {
    try {
      return new WordIndex(file);
    } catch (error) {
      if (isDamaged(error) || error instanceof OtherVersion) return undefined;
      throw writeError(error, file);
    }
  }

  private constructor(file: string) {
    this.#file = file;
    this.#database = new DatabaseSync(file);
    try {
      this.#database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
      const version = integer(this.#database.prepare("PRAGMA user_version").get(), "user_version");
      if (version === 0) this.#atomically(() => this.#database.exec(SCHEMA));
      else if (version !== VERSION) throw new OtherVersion();
      this.#sql = prepare(this.#database);
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  get progress(): Progress {
    const row = this.#sql.progress.get();
    return { number: integer(row, "number"), ulid: text(row, "ulid") };
  }

  /** Takes in the words of texts, and notes how far it has come. */
  add(texts: readonly IndexedText[], progress: Progress): void {
    this.#atomically(() => {
      for (const { number, conversation, seq, words } of texts) {
        const place = { conversation, chapter: chapterOf(seq) };
        const terms = new Set(words.map((word) => termOf(place, word)));
        this.#sql.add.run(number, [...terms].join(" "));
      }
      this.#sql.setProgress.run(progress.number, progress.ulid);
    });
  }

  /** Removes the words of messages. They stay removed when the machine loses power. */
  remove(numbers: readonly number[]): void {
    this.#database.exec("PRAGMA synchronous = FULL");
    try {
      this.#atomically(() => {
        for (const number of numbers) this.#sql.remove.run(number);
      });
    } finally {
      this.#database.exec("PRAGMA synchronous = NORMAL");
    }
  }

  /** The messages of the chapter that have the word, the newest first. */
  find(chapter: Chapter, word: string): number[] {
    return this.#sql.find.all(`"${termOf(chapter, word)}"`).map((row) => integer(row, "number"));
  }

  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #atomically(work: () => void): void {
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      work();
      this.#database.exec("COMMIT");
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw isDamaged(error) ? error : writeError(error, this.#file);
    }
  }
}

class OtherVersion extends Error {}

/** The chapter of the conversation's message with this `seq`. */
export function chapterOf(seq: number): number {
  return Math.floor(seq / CHAPTER);
}

/** A token of FTS5's `ascii` tokenizer: words have no ASCII but letters and digits. */
function termOf({ conversation, chapter }: Chapter, word: string): string {
  return `${conversation}x${chapter}x${word.slice(0, LENGTH)}`;
}

/** SQLite gives the files beside it the same mode. */
function makePrivate(file: string): void {
  closeSync(openSync(file, "a", 0o600));
}
