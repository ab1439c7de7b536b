import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';

import { Amount, PHONE, stepsOf } from '../../parts';
import { useWords } from './texts';

/** What a bar group stands for: a month, or what was sold to whom. */
export interface Group {
  id: string;
  label: string;
  revenue: string;
  cost: string;
  margin: string;
}

const useStyles = makeStyles({
  both: {
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1fr) minmax(0, 1fr)',
    gap: tokens.spacingHorizontalXXL,
    alignItems: 'start',
    '@media (max-width: 1000px)': { gridTemplateColumns: 'minmax(0, 1fr)' },
  },
  chart: { display: 'block', width: '100%', height: 'auto', overflow: 'visible' },
  revenue: { fill: tokens.colorBrandBackground },
  cost: { fill: tokens.colorNeutralStroke1 },
  margin: { fill: tokens.colorPaletteGreenForeground1 },
  loss: { fill: tokens.colorPaletteRedForeground1 },
  label: { fill: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200, fontFamily: tokens.fontFamilyBase },
  base: { stroke: tokens.colorNeutralStroke2 },
  table: {
    borderCollapse: 'collapse',
    width: '100%',
    fontVariantNumeric: 'tabular-nums',
    '& th, & td': {
      padding: `${tokens.spacingVerticalS} ${tokens.spacingHorizontalS}`,
      textAlign: 'end',
      borderBottom: `${tokens.strokeWidthThin} solid ${tokens.colorNeutralStroke3}`,
      fontWeight: tokens.fontWeightRegular,
    },
    '& th:first-child': { textAlign: 'start', paddingInlineStart: 0 },
    '& thead th': { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
    [PHONE]: { fontSize: tokens.fontSizeBase200, '& th, & td': { paddingInline: tokens.spacingHorizontalXXS } },
  },
  key: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalL, fontSize: tokens.fontSizeBase200 },
  item: { display: 'inline-flex', alignItems: 'center', gap: tokens.spacingHorizontalXS },
  mark: { width: '0.75rem', height: '0.75rem', borderRadius: tokens.borderRadiusSmall },
  markRevenue: { backgroundColor: tokens.colorBrandBackground },
  markCost: { backgroundColor: tokens.colorNeutralStroke1 },
  markMargin: { backgroundColor: tokens.colorPaletteGreenForeground1 },
});

const HEIGHT = 180;
const BAR = 22;
const GROUP = 3 * BAR + 34;
/** How finely a bar's length is worked out, in parts of the longest. */
const PARTS = 1000n;

/** Revenue, cost and margin as bars, with a table beside that says the same in figures. Amounts are of one currency. */
export function Bars(props: { title: string; first: string; groups: Group[] }) {
  const styles = useStyles();
  const words = useWords();
  const abs = (value: bigint) => (value < 0n ? -value : value);
  const most = props.groups
    .flatMap(group => [group.revenue, group.cost, group.margin])
    .map(amount => abs(stepsOf(amount)))
    .reduce((a, b) => (a > b ? a : b), 1n);
  const length = (amount: string) => (Number((abs(stepsOf(amount)) * PARTS) / most) * HEIGHT) / Number(PARTS);
  const width = Math.max(props.groups.length, 3) * GROUP;
  return (
    <div className={styles.both}>
      <div>
        <svg
          className={styles.chart}
          viewBox={`0 -8 ${width} ${HEIGHT + 32}`}
          role="img"
          aria-label={props.title}
          style={{ maxWidth: `${width * 1.3}px` }}
        >
          <line className={styles.base} x1={0} x2={width} y1={HEIGHT} y2={HEIGHT} />
          {props.groups.map((group, index) => {
            const x = index * GROUP + 17;
            const bars: [string, string][] = [
              [group.revenue, styles.revenue],
              [group.cost, styles.cost],
              [group.margin, group.margin.includes('-') ? styles.loss : styles.margin],
            ];
            return (
              <g key={group.id}>
                {bars.map(([amount, className], nth) => (
                  <rect
                    key={nth}
                    className={className}
                    x={x + nth * BAR}
                    y={HEIGHT - length(amount)}
                    width={BAR - 4}
                    height={length(amount)}
                    rx={2}
                  />
                ))}
                <text className={styles.label} x={x + (3 * BAR - 4) / 2} y={HEIGHT + 18} textAnchor="middle">
                  {group.label}
                </text>
              </g>
            );
          })}
        </svg>
        <div className={styles.key} aria-hidden="true">
          {(
            [
              [styles.markRevenue, words.revenue],
              [styles.markCost, words.cost],
              [styles.markMargin, words.margin],
            ] as const
          ).map(([mark, label]) => (
            <span key={label} className={styles.item}>
              <span className={mergeClasses(styles.mark, mark)} />
              {label}
            </span>
          ))}
        </div>
      </div>
      <table className={styles.table} aria-label={props.title}>
        <thead>
          <tr>
            <th scope="col">{props.first}</th>
            <th scope="col">{words.revenue}</th>
            <th scope="col">{words.cost}</th>
            <th scope="col">{words.margin}</th>
          </tr>
        </thead>
        <tbody>
          {props.groups.map(group => (
            <tr key={group.id}>
              <th scope="row">{group.label}</th>
              <td>
                <Amount of={group.revenue} />
              </td>
              <td>
                <Amount of={group.cost} />
              </td>
              <td>
                <Amount of={group.margin} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
