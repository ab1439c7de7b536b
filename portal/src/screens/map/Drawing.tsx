import { Button, makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { AddRegular, ArrowMaximizeRegular, SubtractRegular } from '@fluentui/react-icons';
import { memo, type KeyboardEvent } from 'react';

import { useMe } from '../../api/queries';
import { useTexts } from '../../texts';
import { count } from '../../parts/money';
import { localeOf, useLang } from '../../texts/lang';
import type { Box, Layout, Line } from './layout';
import { pathOf, shortened, signAt, signOf } from './signs';
import { useWords } from './texts';
import { useView } from './useView';

const useStyles = makeStyles({
  frame: {
    position: 'relative',
    height: 'max(22rem, calc(100dvh - 18rem))',
    overflow: 'hidden',
    border: `${tokens.strokeWidthThin} solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusXLarge,
    backgroundColor: tokens.colorNeutralBackground1,
    touchAction: 'none',
    cursor: 'grab',
    userSelect: 'none',
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  svg: { display: 'block', width: '100%', height: '100%' },
  tools: {
    position: 'absolute',
    insetInlineEnd: tokens.spacingHorizontalM,
    bottom: tokens.spacingVerticalM,
    display: 'flex',
    gap: tokens.spacingHorizontalXS,
  },
  lane: { fill: tokens.colorNeutralForeground2, fontSize: '15px', fontWeight: tokens.fontWeightSemibold },
  border: { stroke: tokens.colorNeutralStroke1, strokeDasharray: '1 6' },
  line: { fill: 'none', stroke: tokens.colorNeutralStrokeAccessible, strokeWidth: '1.25' },
  isWarning: { stroke: tokens.colorStatusWarningForeground1 },
  isBad: { stroke: tokens.colorStatusDangerForeground1 },
  isChosenLine: { stroke: tokens.colorBrandStroke1, strokeWidth: '2.5' },
  sign: { fill: tokens.colorNeutralBackground1, stroke: tokens.colorNeutralStrokeAccessible },
  glyph: {
    fill: tokens.colorNeutralForeground1,
    fontSize: '11px',
    fontWeight: tokens.fontWeightBold,
    textAnchor: 'middle',
  },
  box: {
    cursor: 'pointer',
    outlineStyle: 'none',
    ':focus-visible rect': { stroke: tokens.colorStrokeFocus2, strokeWidth: '3' },
    ':hover rect': { stroke: tokens.colorBrandStroke1 },
  },
  rect: { fill: tokens.colorNeutralBackground2, stroke: tokens.colorNeutralStrokeAccessible, strokeWidth: '1' },
  operator: { fill: tokens.colorBrandBackground2, strokeWidth: '2' },
  provider: { fill: tokens.colorPaletteBlueBackground2 },
  reseller: { fill: tokens.colorPaletteTealBackground2 },
  direct: { fill: tokens.colorPalettePurpleBackground2 },
  cluster: { fill: tokens.colorNeutralBackground3, strokeDasharray: 'none' },
  isChosen: { stroke: tokens.colorBrandStroke1, strokeWidth: '3' },
  title: { fill: tokens.colorNeutralForeground1, fontSize: '13px', fontWeight: tokens.fontWeightSemibold },
  small: { fill: tokens.colorNeutralForeground1, fontSize: '11.5px' },
});

const RANK = { ended: 0, waiting: 1, active: 2 };

const KIND: Record<string, 'operator' | 'provider' | 'reseller' | 'direct' | undefined> = {
  operator: 'operator',
  indirect_provider: 'provider',
  indirect_reseller: 'reseller',
  direct_bill: 'direct',
};

const OneLine = memo(function OneLine(props: { line: Line; isChosen: boolean }) {
  const styles = useStyles();
  const { line, isChosen } = props;
  const sign = signOf(line.edge);
  const [x, y] = signAt(line.points);
  return (
    <g data-tie={line.edge.state}>
      <path
        d={pathOf(line.points)}
        className={mergeClasses(
          styles.line,
          sign.state === 'waiting' && styles.isWarning,
          sign.state === 'ended' && styles.isBad,
          isChosen && styles.isChosenLine,
        )}
        {...(sign.dash === undefined ? {} : { strokeDasharray: sign.dash })}
      />
      {line.edge.kind !== 'relationship' || sign.glyph !== '✓' ? (
        <>
          <circle cx={x} cy={y} r={8} className={styles.sign} />
          <text x={x} y={y + 4} className={styles.glyph}>
            {sign.glyph}
          </text>
        </>
      ) : null}
    </g>
  );
});

const OneBox = memo(function OneBox(props: { box: Box; isChosen: boolean; onChoose: (box: Box) => void }) {
  const styles = useStyles();
  const texts = useTexts();
  const words = useWords();
  const locale = localeOf(useLang());
  const { box, isChosen, onChoose } = props;
  const { node } = box;
  const kind = KIND[node.kind];
  const title = node.title || (texts.roles[node.kind] ?? node.name);
  const many = count(box.count, locale);
  const label =
    box.shape === 'cluster'
      ? words.clusterOf(many, title, box.isOpen)
      : `${title}, ${texts.roles[node.kind] ?? node.kind}`;
  const isParty = box.shape === 'party';
  const press = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    event.stopPropagation();
    onChoose(box);
  };
  return (
    <g
      role="button"
      tabIndex={0}
      {...(box.shape === 'cluster' ? { 'aria-expanded': box.isOpen } : { 'aria-pressed': isChosen })}
      className={styles.box}
      data-box={box.id}
      data-shape={box.shape}
      transform={`translate(${box.x} ${box.y})`}
      onClick={() => onChoose(box)}
      onKeyDown={press}
    >
      <title>{label}</title>
      <rect
        width={box.w}
        height={box.h}
        rx={box.shape === 'cluster' ? box.h / 2 : 8}
        className={mergeClasses(
          styles.rect,
          box.shape === 'cluster' ? styles.cluster : kind !== undefined && styles[kind],
          isChosen && styles.isChosen,
        )}
      />
      {box.shape === 'cluster' ? (
        <text x={box.w / 2} y={box.h / 2 + 4} textAnchor="middle" className={styles.small}>
          {words.cluster(many)}
        </text>
      ) : (
        <>
          <text
            x={10}
            y={isParty && node.kind !== 'operator' ? 19 : box.h / 2 + 4}
            className={isParty ? styles.title : styles.small}
          >
            {shortened(title, isParty ? box.w - 18 : box.w - 12, isParty)}
          </text>
          {isParty && (
            <text x={10} y={36} className={styles.small}>
              {shortened(
                [node.kind === 'operator' ? '' : texts.roles[node.kind], node.country].filter(Boolean).join(' · '),
                box.w,
              )}
            </text>
          )}
        </>
      )}
    </g>
  );
});

/** The map itself: only what the window shows of it is in the page. */
export function Drawing(props: { layout: Layout; chosen: string | null; onChoose: (box: Box) => void }) {
  const styles = useStyles();
  const words = useWords();
  const { layout, chosen } = props;
  // Whoever looks begins where it stands itself.
  const me = useMe();
  const own = layout.boxes.find(box => box.shape !== 'cluster' && box.node.name === me.handle) ?? layout.boxes[0];
  const focus = own === undefined ? { x: 0, y: 0 } : { x: own.x + own.w / 2, y: own.y + own.h / 2 };
  const { frame, size, view, zoom, whole, handlers } = useView(layout.width, layout.height, focus);
  const left = -view.x / view.k - 100;
  const top = -view.y / view.k - 100;
  const right = left + size.w / view.k + 200;
  const bottom = top + size.h / view.k + 200;
  const isIn = (box: { x: number; y: number; w: number; h: number }) =>
    box.x < right && box.x + box.w > left && box.y < bottom && box.y + box.h > top;
  const isLineIn = (line: Line) => {
    const xs = line.points.map(point => point[0]);
    const ys = line.points.map(point => point[1]);
    const x = Math.min(...xs);
    const y = Math.min(...ys);
    return isIn({ x, y, w: Math.max(...xs) - x, h: Math.max(...ys) - y });
  };
  const isOf = (line: Line) => chosen !== null && (line.edge.from === chosen || line.edge.to === chosen);
  return (
    <div
      ref={frame}
      className={styles.frame}
      role="group"
      tabIndex={0}
      aria-label={words.map}
      aria-describedby="map-keys"
      data-zoom={view.k.toFixed(3)}
      data-at={`${Math.round(view.x)} ${Math.round(view.y)}`}
      {...handlers}
    >
      <svg className={styles.svg}>
        <g transform={`translate(${view.x} ${view.y}) scale(${view.k})`}>
          {layout.lanes.map((lane, index) => (
            <g key={lane.region}>
              {index > 0 && <line x1={0} x2={layout.width} y1={lane.y} y2={lane.y} className={styles.border} />}
              <text x={20} y={lane.y + 26} className={styles.lane}>
                {lane.region || words.others}
              </text>
            </g>
          ))}
          {layout.lines
            .filter(line => isLineIn(line) && (!line.isCross || isOf(line)))
            // Where several run along the same way, the ones that hold are on top.
            .sort((one, other) => RANK[signOf(one.edge).state] - RANK[signOf(other.edge).state])
            .map(line => (
              <OneLine key={line.key} line={line} isChosen={isOf(line)} />
            ))}
          {layout.boxes.filter(isIn).map(box => (
            <OneBox key={box.id} box={box} isChosen={box.id === chosen} onChoose={props.onChoose} />
          ))}
        </g>
      </svg>
      <div className={styles.tools} onPointerDown={event => event.stopPropagation()}>
        <Button icon={<AddRegular />} aria-label={words.zoomIn} title={words.zoomIn} onClick={() => zoom(1.25)} />
        <Button icon={<SubtractRegular />} aria-label={words.zoomOut} title={words.zoomOut} onClick={() => zoom(0.8)} />
        <Button icon={<ArrowMaximizeRegular />} aria-label={words.whole} title={words.whole} onClick={whole} />
      </div>
    </div>
  );
}
