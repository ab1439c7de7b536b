import type { GraphEdge, Layout } from './layout';

/** How a tie is drawn: by the kind of its line and a sign, so that nobody needs colours to read it. */
export interface Sign {
  state: 'active' | 'waiting' | 'ended';
  glyph: string;
  dash: string | undefined;
}

const ENDED = ['declined', 'withdrawn', 'lapsed', 'removed', 'terminated', 'rejected', 'deauthorized'];

export function signOf(edge: GraphEdge): Sign {
  if (edge.state === 'active') {
    return { state: 'active', glyph: edge.agreement === 'open' ? '!' : '✓', dash: undefined };
  }
  if (ENDED.includes(edge.state)) return { state: 'ended', glyph: '×', dash: '2 5' };
  return { state: 'waiting', glyph: '?', dash: '8 5' };
}

/** Points as a path. */
export const pathOf = (points: [number, number][]): string =>
  points.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${x} ${y}`).join('');

/** Where the sign of a line stands: just before its end. */
export function signAt(points: [number, number][]): [number, number] {
  const [x = 0, y = 0] = points.at(-1) ?? [];
  return [x - 13, y];
}

/** As much of a text as a box of this width takes. */
export function shortened(text: string, width: number, isStrong = false): string {
  const most = Math.floor(width / (isStrong ? 8.4 : 7.2));
  const all = Array.from(text);
  return all.length <= most ? text : `${all.slice(0, most - 1).join('')}…`;
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, sign => `&#${sign.charCodeAt(0)};`);

/** The whole map as a file of its own: names are text in it too. */
export function svgOf(
  layout: Layout,
  colours: { ink: string; ground: string; line: string; box: string },
  kinds: Record<string, string>,
): string {
  const { ink, ground, line, box } = colours;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${layout.width}" height="${layout.height}" viewBox="0 0 ${layout.width} ${layout.height}" font-family="system-ui, sans-serif" font-size="13" fill="${ink}">`,
    `<rect width="100%" height="100%" fill="${ground}"/>`,
  ];
  for (const lane of layout.lanes) {
    parts.push(
      `<line x1="0" x2="${layout.width}" y1="${lane.y + lane.h}" y2="${lane.y + lane.h}" stroke="${line}" stroke-dasharray="1 6"/>`,
    );
    parts.push(`<text x="12" y="${lane.y + 24}" font-weight="600">${escaped(lane.region)}</text>`);
  }
  for (const one of layout.lines) {
    const sign = signOf(one.edge);
    const dash = sign.dash === undefined ? '' : ` stroke-dasharray="${sign.dash}"`;
    parts.push(`<path d="${pathOf(one.points)}" fill="none" stroke="${line}"${dash}/>`);
  }
  for (const one of layout.boxes) {
    const text =
      one.shape === 'cluster'
        ? String(one.count)
        : shortened(one.node.title || (kinds[one.node.kind] ?? one.node.name), one.w - 16);
    parts.push(
      `<rect x="${one.x}" y="${one.y}" width="${one.w}" height="${one.h}" rx="8" fill="${box}" stroke="${line}"/>`,
    );
    parts.push(`<text x="${one.x + 10}" y="${one.y + one.h / 2 + 4}">${escaped(text)}</text>`);
  }
  for (const one of layout.lines) {
    const [x, y] = signAt(one.points);
    parts.push(`<text x="${x}" y="${y - 3}" font-size="11">${signOf(one.edge).glyph}</text>`);
  }
  parts.push('</svg>');
  return parts.join('\n');
}
