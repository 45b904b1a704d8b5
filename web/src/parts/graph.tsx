// The graph of a DAG, or of a run with the states of its tasks. A mapped task is one node.
import type { RefObject } from 'preact';
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { layOut, nodeHeight, nodeWidth } from './layout';

export interface GraphNode {
  id: string;
  needs: string[];
  caption: string;
  state?: string; // none: of a DAG, not of a run
  many?: boolean; // drawn as a stack
  teardownOf: string[]; // drawn with a dashed line; none: it is no teardown
}

const nameOf = (node: GraphNode) => (node.teardownOf.length ? `${node.id} (teardown of ${node.teardownOf.join(', ')})` : node.id);

const short = (text: string) => (text.length > 18 ? `${text.slice(0, 17)}…` : text);

/** A curve across each gap between layers, a straight line along each layer that the edge passes. */
function curve(points: [number, number][]): string {
  return points.reduce((path, [x, y], i) => {
    if (i === 0) return `M${x} ${y}`;
    const [fromX, fromY] = points[i - 1];
    const middle = (fromX + x) / 2;
    return `${path}${i % 2 ? `C${middle} ${fromY} ${middle} ${y} ${x} ${y}` : `L${x} ${y}`}`;
  }, '');
}

/** A longer caption is compressed to the width of its node. */
const mostLetters = 22;
const textWidth = nodeWidth - 22 - 8;

/** A wide graph shrinks to fit the page down to this scale, where its text is still readable; then it scrolls. */
const smallest = 0.72;

/** Whether a part of the content is hidden; `size` changes with the content. */
function useClipped(box: RefObject<HTMLDivElement>, size: string): boolean {
  const [clipped, setClipped] = useState(false);
  useLayoutEffect(() => {
    const element = box.current!;
    const look = () => setClipped(element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1);
    const observer = new ResizeObserver(look);
    observer.observe(element);
    look();
    return () => observer.disconnect();
  }, [size]);
  return clipped;
}

/** Scrolls the box, not the page, so that the selected node is in sight. */
function useSelectedInSight(box: RefObject<HTMLDivElement>, selected: string | undefined, size: string): void {
  useLayoutEffect(() => {
    const node = box.current!.querySelector('.node.selected')?.getBoundingClientRect();
    const frame = box.current!.getBoundingClientRect();
    if (!node) return;
    if (node.left < frame.left || node.right > frame.right) box.current!.scrollLeft += node.left - frame.left - frame.width / 3;
    if (node.top < frame.top || node.bottom > frame.bottom) box.current!.scrollTop += node.top - frame.top - frame.height / 3;
  }, [selected, size]);
}

type GraphProps = { nodes: GraphNode[]; label: string; selected?: string; onSelect: (task: string) => void };

export function Graph({ nodes, label, selected, onSelect }: GraphProps) {
  const shape = nodes.map((node) => `${node.id}:${node.needs.join(',')}`).join(';');
  const { nodes: placed, routes, width, height } = useMemo(
    () => layOut(nodes.map((node) => node.id), nodes.flatMap((node) => node.needs.map((from) => ({ from, to: node.id })))),
    [shape],
  );
  const known = new Map(nodes.map((node) => [node.id, node]));
  const box = useRef<HTMLDivElement>(null);
  const clipped = useClipped(box, `${width}x${height}`);
  useSelectedInSight(box, selected, `${width}x${height}`);
  return (
    <>
      <div class="graph" ref={box} tabIndex={-1}>
        <svg style={{ maxWidth: width, minWidth: width * smallest }} viewBox={`0 0 ${width} ${height}`} role="group" aria-label={label}>
          {routes.map(({ from, to, points }) => {
            const done = known.get(from)?.state === 'success';
            return <path key={`${from}>${to}`} class={done ? 'edge done' : 'edge'} d={curve(points)} />;
          })}
          {placed.map((node) => {
            const entry = known.get(node.id)!;
            return (
              <g
                key={node.id}
                class={`node s-${entry.state ?? 'none'}${selected === node.id ? ' selected' : ''}${entry.teardownOf.length ? ' teardown' : ''}`}
                transform={`translate(${node.x} ${node.y})`}
                role="button"
                tabIndex={0}
                aria-pressed={selected === node.id}
                aria-label={`${nameOf(entry)}: ${entry.caption}`}
                onClick={() => onSelect(node.id)}
                onKeyDown={(event) => {
                  if (event.key !== 'Enter' && event.key !== ' ') return;
                  event.preventDefault();
                  onSelect(node.id);
                }}
              >
                <title>{nameOf(entry)}</title>
                {entry.many && <rect class="behind" x="4" y="4" width={nodeWidth} height={nodeHeight} rx="7" />}
                <rect class="body" width={nodeWidth} height={nodeHeight} rx="7" />
                <rect class="mark" x="8" y="10" width="4" height={nodeHeight - 20} rx="2" />
                <text x="22" y="21" class="name">
                  {short(node.id)}
                </text>
                <text x="22" y="38" class="caption" {...(entry.caption.length > mostLetters ? { textLength: textWidth, lengthAdjust: 'spacingAndGlyphs' } : {})}>
                  {entry.caption}
                </text>
              </g>
            );
          })}
        </svg>
      </div>
      {clipped && <p class="note">The graph of {nodes.length} tasks is larger than this box. Scroll in the box to see the rest.</p>}
    </>
  );
}
