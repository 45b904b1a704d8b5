// A layered drawing of a DAG, left to right. The layer of a node is its longest path from a root. A few barycentre
// sweeps find the order within a layer (Sugiyama, Tagawa and Toda 1981). An edge over several layers has its own place
// in each layer that it passes, so that it runs between the nodes, not behind them.

export interface Placed {
  id: string;
  x: number;
  y: number;
}
export interface Edge {
  from: string;
  to: string;
}
/** `points`: the ends of the edge, and the left and right end of its place in each layer that it passes. */
export interface Route extends Edge {
  points: [number, number][];
}
export interface Layout {
  nodes: Placed[];
  routes: Route[];
  width: number;
  height: number;
}

export const nodeWidth = 160;
export const nodeHeight = 50;
const gapX = 36;
const gapY = 18;
const margin = 4;

export function layOut(ids: string[], edges: Edge[]): Layout {
  const up = new Map(ids.map((id) => [id, edges.filter((edge) => edge.to === id).map((edge) => edge.from)]));
  const layerOf = new Map<string, number>();
  const layer = (id: string): number => {
    const known = layerOf.get(id);
    if (known !== undefined) return known;
    layerOf.set(id, 0); // a cycle cannot occur, and would end here
    const value = Math.max(-1, ...(up.get(id) ?? []).map(layer)) + 1;
    layerOf.set(id, value);
    return value;
  };
  const layers: string[][] = [];
  ids.forEach((id) => (layers[layer(id)] ??= []).push(id));

  const passes = (edge: Edge) =>
    layers.slice(layer(edge.from) + 1, layer(edge.to)).map((list, i) => {
      const id = `${edge.from}>${edge.to}>${i}`; // the id of a task contains no '>'
      list.push(id);
      return id;
    });
  const ways = edges.map((edge) => [edge.from, ...passes(edge), edge.to]);
  const steps = ways.flatMap((way) => way.slice(1).map((to, i) => ({ from: way[i], to })));
  const neighbours = (of: 'from' | 'to', other: 'from' | 'to') => {
    const near = new Map<string, string[]>();
    steps.forEach((step) => near.set(step[of], [...(near.get(step[of]) ?? []), step[other]]));
    return near;
  };
  const [before, after] = [neighbours('to', 'from'), neighbours('from', 'to')];

  const place = new Map<string, number>();
  const number = () => layers.forEach((list) => list.forEach((id, i) => place.set(id, i - (list.length - 1) / 2)));
  const sweep = (list: string[], near: Map<string, string[]>) => {
    const centre = (id: string) => {
      const others = near.get(id) ?? [];
      return others.length ? others.reduce((sum, other) => sum + place.get(other)!, 0) / others.length : place.get(id)!;
    };
    const centres = new Map(list.map((id) => [id, centre(id)]));
    list.sort((a, b) => centres.get(a)! - centres.get(b)!);
  };
  number();
  for (let round = 0; round < 4; round += 1) {
    for (let i = 1; i < layers.length; i += 1) (sweep(layers[i], before), number());
    for (let i = layers.length - 2; i >= 0; i -= 1) (sweep(layers[i], after), number());
  }

  const placed = layers.flatMap((list, i) =>
    list.map((id) => ({
      id,
      x: margin + i * (nodeWidth + gapX),
      y: place.get(id)! * (nodeHeight + gapY),
    })),
  );
  const tops = placed.map((node) => node.y + (up.has(node.id) ? 0 : nodeHeight / 2));
  const bottoms = placed.map((node) => node.y + (up.has(node.id) ? nodeHeight : nodeHeight / 2));
  const top = Math.min(0, ...tops) - margin;
  placed.forEach((node) => (node.y -= top));
  const at = new Map(placed.map((node) => [node.id, node]));
  const routes = ways.map((way, i) => ({
    ...edges[i],
    points: way
      .flatMap((id): [number, number][] => {
        const { x, y } = at.get(id)!;
        return [[x, y + nodeHeight / 2], [x + nodeWidth, y + nodeHeight / 2]];
      })
      .slice(1, -1),
  }));
  const nodes = placed.filter((node) => up.has(node.id));
  const width = layers.length * nodeWidth + (layers.length - 1) * gapX + 2 * margin;
  return { nodes, routes, width, height: Math.max(0, ...bottoms) - top + margin };
}
