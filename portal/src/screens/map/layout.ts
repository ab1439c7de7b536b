/**
 * Where everything of the map stands: lanes of regions from above to below, in each the providers with what hangs on them and the
 * direct-bill partners. A pure function of the graph and of which clusters are open, in time that grows with the graph alone.
 */

export interface GraphNode {
  id: string;
  name: string;
  title: string;
  kind: string;
  country?: string;
  region?: string;
  state?: string;
  agreement?: string;
}

export interface GraphEdge {
  kind: string;
  from: string;
  to: string;
  state: string;
  since?: string;
  agreement?: string;
}

export interface Graph {
  nodes: GraphNode[];
  edges: GraphEdge[];
}

/** A box: a party, a cluster of customers, or one customer of an open cluster. */
export interface Box {
  id: string;
  shape: 'party' | 'cluster' | 'customer';
  node: GraphNode;
  /** Customers of a cluster. */
  count: number;
  isOpen: boolean;
  x: number;
  y: number;
  w: number;
  h: number;
}

/** A line from one box to another, with a sign where it ends. */
export interface Line {
  key: string;
  edge: GraphEdge;
  points: [number, number][];
  /** It leads past other boxes, and is shown where one of its ends is chosen. */
  isCross: boolean;
}

export interface Lane {
  region: string;
  y: number;
  h: number;
}

export interface Layout {
  boxes: Box[];
  lines: Line[];
  lanes: Lane[];
  width: number;
  height: number;
}

const PARTY_W = 190;
const PARTY_H = 46;
const PILL_W = 92;
const CUSTOMER_W = 140;
const CUSTOMER_H = 28;
const GAP = 12;
/** Left of each column of units, where lines come down and signs stand. */
const GUTTER = 44;
const UNIT_W = PARTY_W + GAP + PILL_W;
const LANE_PAD = 40;
const OPERATOR_X = 20;
const SELLER_X = OPERATOR_X + PARTY_W + 70;
const UNITS_X = SELLER_X + PARTY_W;

/** Of several columns that a block's units stand in: so many that it is about as wide as it is high. */
const columnsOf = (units: number): number => Math.max(1, Math.min(8, Math.ceil(Math.sqrt(units / 1.3))));

interface Unit {
  head: GraphNode | null;
  tie: GraphEdge | null;
  owner: GraphNode;
  customers: { node: GraphNode; edge: GraphEdge }[];
}

interface Block {
  provider: GraphNode | null;
  units: Unit[];
}

const byTitle = (one: GraphNode, other: GraphNode): number =>
  (one.title || one.name).localeCompare(other.title || other.name) || one.name.localeCompare(other.name);

/** Resellers before sellers: a customer hangs on whoever looks after it. */
const nearness = (kind: string | undefined): number => (kind === 'indirect_reseller' ? 0 : 1);

export function layoutOf(graph: Graph, open: ReadonlySet<string>): Layout {
  const nodes = new Map(graph.nodes.map(node => [node.id, node]));
  const operator = graph.nodes.find(node => node.kind === 'operator');
  const first = new Map<string, GraphEdge>();
  const cross: GraphEdge[] = [];
  const isBetter = (edge: GraphEdge, old: GraphEdge) =>
    Number(old.state === 'active') * 2 - nearness(nodes.get(old.from)?.kind) <
    Number(edge.state === 'active') * 2 - nearness(nodes.get(edge.from)?.kind);
  for (const edge of graph.edges) {
    if (!nodes.has(edge.from) || !nodes.has(edge.to)) continue;
    const old = first.get(edge.to);
    if (old === undefined) first.set(edge.to, edge);
    else if (isBetter(edge, old)) {
      first.set(edge.to, edge);
      cross.push(old);
    } else cross.push(edge);
  }

  const customersOf = new Map<string, Unit['customers']>();
  const resellersOf = new Map<string, { node: GraphNode; edge: GraphEdge }[]>();
  const lanes = new Map<string, GraphNode[]>();
  const orphans: GraphNode[] = [];
  const put = <T>(map: Map<string, T[]>, key: string, value: T) => {
    const list = map.get(key);
    if (list === undefined) map.set(key, [value]);
    else list.push(value);
  };
  for (const node of [...graph.nodes].sort(byTitle)) {
    const edge = first.get(node.id);
    if (node.kind === 'operator') continue;
    if (node.kind === 'customer' && edge !== undefined) put(customersOf, edge.from, { node, edge });
    else if (node.kind === 'indirect_reseller' && edge?.kind === 'partnership')
      put(resellersOf, edge.from, { node, edge });
    else if (node.kind === 'customer') orphans.push(node);
    else put(lanes, node.region ?? '', node);
  }
  for (const node of orphans) put(lanes, node.region ?? '', node);

  const boxes: Box[] = [];
  const lines: Line[] = [];
  const bands: Lane[] = [];
  const trunk = OPERATOR_X + PARTY_W + 30;
  let width = UNITS_X + GUTTER + UNIT_W;
  let y = 0;
  const party = (node: GraphNode, x: number, top: number, shape: Box['shape'] = 'party') => {
    boxes.push({ id: node.id, shape, node, count: 0, isOpen: false, x, y: top, w: PARTY_W, h: PARTY_H });
  };
  if (operator !== undefined) party(operator, OPERATOR_X, LANE_PAD);
  const operatorY = LANE_PAD + PARTY_H / 2;

  const heightOf = (unit: Unit) =>
    PARTY_H +
    (unit.customers.length > 0 && open.has(unit.owner.id)
      ? GAP + Math.ceil(unit.customers.length / 2) * (CUSTOMER_H + 6)
      : 0);

  const draw = (unit: Unit, x: number, top: number) => {
    if (unit.head !== null) party(unit.head, x, top);
    if (unit.customers.length === 0) return;
    const isOpen = open.has(unit.owner.id);
    const middle = top + PARTY_H / 2;
    const px = unit.head === null ? x : x + PARTY_W + GAP;
    boxes.push({
      id: `cluster ${unit.owner.id}`,
      shape: 'cluster',
      node: unit.owner,
      count: unit.customers.length,
      isOpen,
      x: px,
      y: top + 6,
      w: PILL_W,
      h: PARTY_H - 12,
    });
    if (!isOpen) return;
    unit.customers.forEach(({ node, edge }, index) => {
      const column = index % 2;
      const cx = x + 14 + column * (CUSTOMER_W + GAP);
      const cy = top + PARTY_H + GAP + Math.floor(index / 2) * (CUSTOMER_H + 6);
      boxes.push({
        id: node.id,
        shape: 'customer',
        node,
        count: 0,
        isOpen: false,
        x: cx,
        y: cy,
        w: CUSTOMER_W - 14,
        h: CUSTOMER_H,
      });
      const lx = cx - 8;
      const start: [number, number] = [lx, middle + PARTY_H / 2 + 4];
      lines.push({
        key: `${edge.from} ${edge.to}`,
        edge,
        points: [start, [lx, cy + CUSTOMER_H / 2], [cx, cy + CUSTOMER_H / 2]],
        isCross: false,
      });
    });
  };

  for (const [region, all] of [...lanes].sort(([one], [other]) => one.localeCompare(other))) {
    const top = y;
    y += LANE_PAD;
    const blocks: Block[] = [];
    const direct: Unit[] = [];
    for (const node of all) {
      const customers = customersOf.get(node.id) ?? [];
      const resellers = resellersOf.get(node.id) ?? [];
      if (node.kind === 'indirect_provider' || resellers.length > 0) {
        const units: Unit[] = resellers.map(({ node: head, edge }) => ({
          head,
          tie: edge,
          owner: head,
          customers: customersOf.get(head.id) ?? [],
        }));
        if (customers.length > 0) units.unshift({ head: null, tie: null, owner: node, customers });
        blocks.push({ provider: node, units });
      } else direct.push({ head: node, tie: first.get(node.id) ?? null, owner: node, customers });
    }
    if (direct.length > 0) blocks.push({ provider: null, units: direct });
    for (const block of blocks) {
      const bus = y + 4;
      const unitsTop = y + 14;
      const sourceY = unitsTop + PARTY_H / 2;
      if (block.provider !== null) {
        party(block.provider, SELLER_X, unitsTop);
        const edge = first.get(block.provider.id);
        if (edge !== undefined && operator !== undefined) {
          lines.push({
            key: `${edge.from} ${edge.to}`,
            edge,
            points: [
              [OPERATOR_X + PARTY_W, operatorY],
              [trunk, operatorY],
              [trunk, sourceY],
              [SELLER_X, sourceY],
            ],
            isCross: false,
          });
        }
      }
      const columns = columnsOf(block.units.length);
      const bottoms = Array.from({ length: columns }, () => unitsTop);
      for (const unit of block.units) {
        const column = bottoms.indexOf(Math.min(...bottoms));
        const x = UNITS_X + GUTTER + column * (UNIT_W + GUTTER);
        const at = bottoms[column] ?? unitsTop;
        draw(unit, x, at);
        width = Math.max(width, x + UNIT_W);
        if (unit.tie !== null) {
          const middle = at + PARTY_H / 2;
          const gutter = x - GUTTER + 16;
          const start: [number, number][] =
            block.provider === null
              ? [
                  [OPERATOR_X + PARTY_W, operatorY],
                  [trunk, operatorY],
                  [trunk, bus],
                ]
              : [
                  [SELLER_X + PARTY_W, sourceY],
                  [SELLER_X + PARTY_W + 8, sourceY],
                  [SELLER_X + PARTY_W + 8, bus],
                ];
          lines.push({
            key: `${unit.tie.from} ${unit.tie.to}`,
            edge: unit.tie,
            points: [...start, [gutter, bus], [gutter, middle], [x, middle]],
            isCross: false,
          });
        }
        bottoms[column] = at + heightOf(unit) + GAP;
      }
      y = Math.max(unitsTop + PARTY_H + GAP, ...bottoms) + GAP;
    }
    y += LANE_PAD / 2;
    bands.push({ region, y: top, h: y - top });
  }

  // A second provider, or a second seller of a customer: from box to box, or to the cluster that the customer is in.
  const placed = new Map(boxes.map(box => [box.id, box]));
  for (const edge of cross) {
    const owner = first.get(edge.to)?.from ?? '';
    // That a provider serves what its own reseller looks after is what the lines from box to box say already.
    if (edge.kind === 'relationship' && first.get(owner)?.from === edge.from && edge.state === 'active') continue;
    const from = placed.get(edge.from);
    const to = placed.get(edge.to) ?? placed.get(`cluster ${owner}`);
    if (from === undefined || to === undefined) continue;
    lines.push({
      key: `${edge.from} ${edge.to}`,
      edge,
      points: [
        [from.x + from.w, from.y + from.h / 2],
        [to.x, to.y + to.h / 2],
      ],
      isCross: true,
    });
  }
  return { boxes, lines, lanes: bands, width: width + 24, height: Math.max(y, LANE_PAD * 2 + PARTY_H) };
}

/** Boxes of which one covers a part of another; there are none. */
export function overlapsOf(boxes: Box[]): [Box, Box][] {
  const found: [Box, Box][] = [];
  const sorted = [...boxes].sort((one, other) => one.y - other.y);
  sorted.forEach((box, index) => {
    for (let next = index + 1; next < sorted.length; next += 1) {
      const other = sorted[next];
      if (other === undefined || other.y >= box.y + box.h) break;
      if (other.x < box.x + box.w && box.x < other.x + other.w) found.push([box, other]);
    }
  });
  return found;
}

/** What is left of a graph where some nodes are looked for: those, and everybody between them and the operator. */
export function narrowed(graph: Graph, fits: (node: GraphNode) => boolean): Graph {
  const keep = new Set(graph.nodes.filter(fits).map(node => node.id));
  const above = new Map<string, string[]>();
  for (const edge of graph.edges) {
    const list = above.get(edge.to);
    if (list === undefined) above.set(edge.to, [edge.from]);
    else list.push(edge.from);
  }
  const rest = [...keep];
  for (let id = rest.pop(); id !== undefined; id = rest.pop()) {
    for (const up of above.get(id) ?? []) {
      if (keep.has(up)) continue;
      keep.add(up);
      rest.push(up);
    }
  }
  return {
    nodes: graph.nodes.filter(node => keep.has(node.id) || node.kind === 'operator'),
    edges: graph.edges.filter(edge => keep.has(edge.to)),
  };
}
