/**
 * What lives in a heap: the objects of each class, counted in a snapshot by V8, which collects garbage
 * first. It shows what is kept anywhere, in whatever map or closure. It is slow, and takes much memory
 * in the process that is looked at.
 */

interface Snapshot {
  readonly snapshot: {
    readonly meta: {
      readonly node_fields: readonly string[];
      readonly node_types: readonly [readonly string[], ...unknown[]];
    };
  };
  readonly nodes: readonly number[];
  readonly strings: readonly string[];
}

/**
 * How many objects there are of each class, by its name. `write` lets the process write a snapshot
 * (`v8.writeHeapSnapshot`) to a file.
 */
export async function heapObjects(
  write: (path: string) => Promise<void>,
): Promise<ReadonlyMap<string, number>> {
  const path = await Deno.makeTempFile({ prefix: "sotto-heap-", suffix: ".heapsnapshot" });
  try {
    await write(path);
    // What finalizers release goes with the next collection.
    await new Promise((resolve) => setTimeout(resolve, 100));
    await write(path);
    return count(JSON.parse(await Deno.readTextFile(path)));
  } finally {
    await Deno.remove(path);
  }
}

function count({ snapshot: { meta }, nodes, strings }: Snapshot): ReadonlyMap<string, number> {
  const { node_fields: fields, node_types: [types] } = meta;
  const [type, name, step] = [fields.indexOf("type"), fields.indexOf("name"), fields.length];
  const isObject = types.indexOf("object");
  const classes = new Map<string, number>();
  for (let at = 0; at < nodes.length; at += step) {
    if (nodes[at + type] !== isObject) continue;
    const own = strings[nodes[at + name] ?? 0] ?? "";
    classes.set(own, (classes.get(own) ?? 0) + 1);
  }
  return classes;
}
