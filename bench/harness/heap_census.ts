/**
 * What lives in a heap: the objects of each class, counted in a snapshot by V8, which collects garbage
 * first. It shows what is kept anywhere, in whatever map or closure. It is slow.
 */

interface HeapCensus {
  /** How many objects there are of each class, by its name. */
  readonly classes: ReadonlyMap<string, number>;
  /** All objects, arrays, strings, closures… */
  readonly nodes: number;
}

interface Meta {
  readonly node_fields: readonly string[];
  readonly node_types: readonly [readonly string[], ...unknown[]];
}

/** Counts what a file of `v8.writeHeapSnapshot` has. */
export async function readHeapCensus(path: string): Promise<HeapCensus> {
  const text = await Deno.readTextFile(path);
  const { snapshot, nodes, strings } = JSON.parse(text) as {
    readonly snapshot: { readonly meta: Meta };
    readonly nodes: readonly number[];
    readonly strings: readonly string[];
  };
  const { node_fields: fields, node_types: [types] } = snapshot.meta;
  const [type, name, step] = [fields.indexOf("type"), fields.indexOf("name"), fields.length];
  const isObject = types.indexOf("object");
  const classes = new Map<string, number>();
  for (let at = 0; at < nodes.length; at += step) {
    if (nodes[at + type] !== isObject) continue;
    const own = strings[nodes[at + name] ?? 0] ?? "";
    classes.set(own, (classes.get(own) ?? 0) + 1);
  }
  return { classes, nodes: nodes.length / step };
}
