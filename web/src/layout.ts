// A layered drawing of a DAG, left to right: a node's layer is its longest way from a root; the order within a layer
// comes from a few barycentre sweeps (Sugiyama, Tagawa and Toda 1981).

export interface Placed {
  id: string;
  x: number;
  y: number;
}
export interface Layout {
  nodes: Placed[];
  width: number;
  height: number;
}

export const nodeWidth = 168;
export const nodeHeight = 50;
const gapX = 52;
const gapY = 18;
const margin = 4;

export function layOut(ids: string[], edges: { from: string; to: string }[]): Layout {
  const up = new Map(ids.map((id) => [id, edges.filter((edge) => edge.to === id).map((edge) => edge.from)]));
  const down = new Map(ids.map((id) => [id, edges.filter((edge) => edge.from === id).map((edge) => edge.to)]));
  const layerOf = new Map<string, number>();
  const layer = (id: string): number => {
    const known = layerOf.get(id);
    if (known !== undefined) return known;
    layerOf.set(id, 0); // a cycle cannot be, and would end here
    const value = Math.max(-1, ...(up.get(id) ?? []).map(layer)) + 1;
    layerOf.set(id, value);
    return value;
  };
  const layers: string[][] = [];
  ids.forEach((id) => (layers[layer(id)] ??= []).push(id));

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
    for (let i = 1; i < layers.length; i += 1) (sweep(layers[i], up), number());
    for (let i = layers.length - 2; i >= 0; i -= 1) (sweep(layers[i], down), number());
  }

  const tallest = Math.max(1, ...layers.map((list) => list.length));
  const height = tallest * nodeHeight + (tallest - 1) * gapY + 2 * margin;
  const nodes = layers.flatMap((list, i) =>
    list.map((id) => ({
      id,
      x: margin + i * (nodeWidth + gapX),
      y: height / 2 + place.get(id)! * (nodeHeight + gapY) - nodeHeight / 2,
    })),
  );
  return { nodes, width: layers.length * nodeWidth + (layers.length - 1) * gapX + 2 * margin, height };
}
