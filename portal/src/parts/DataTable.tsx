import { Button, makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { ArrowDownRegular, ArrowUpRegular } from '@fluentui/react-icons';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';

import { useTexts } from '../texts';
import { localeOf, useLang } from '../texts/lang';
import { Empty } from './Empty';
import { useIsPhone } from './media';

/** A column: what it shows of a row, and by what it sorts. */
export interface Column<T> {
  id: string;
  label: string;
  cell: (row: T) => ReactNode;
  /** A value to sort by; the column cannot be sorted without it. */
  sort?: (row: T) => string | number;
  /** As in `grid-template-columns`; a fair share without it. */
  width?: string;
  /** Amounts and counts stand at the end of their cell. */
  end?: boolean;
  /** Left out on a phone's card. */
  wideOnly?: boolean;
}

const useStyles = makeStyles({
  frame: {
    border: `${tokens.strokeWidthThin} solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusXLarge,
    backgroundColor: tokens.colorNeutralBackground1,
    overflowX: 'auto',
    overflowY: 'auto',
    maxHeight: 'max(20rem, calc(100dvh - 20rem))',
    position: 'relative',
    contain: 'strict',
  },
  line: {
    display: 'grid',
    boxSizing: 'border-box',
    columnGap: tokens.spacingHorizontalM,
    alignItems: 'center',
    paddingInline: tokens.spacingHorizontalL,
  },
  head: {
    position: 'sticky',
    top: 0,
    zIndex: 1,
    backgroundColor: tokens.colorNeutralBackground1,
    borderBottom: `${tokens.strokeWidthThin} solid ${tokens.colorNeutralStroke1}`,
    color: tokens.colorNeutralForeground2,
    fontWeight: tokens.fontWeightSemibold,
    fontSize: tokens.fontSizeBase200,
    height: '44px',
    minWidth: 'fit-content',
    boxSizing: 'border-box',
  },
  sort: { justifyContent: 'flex-start', paddingInline: 0, minWidth: 0, fontSize: 'inherit', color: 'inherit' },
  body: { position: 'relative', width: '100%' },
  row: {
    position: 'absolute',
    insetInline: 0,
    top: 0,
    boxSizing: 'border-box',
    borderBottom: `${tokens.strokeWidthThin} solid ${tokens.colorNeutralStroke3}`,
    '&:focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}`, outlineOffset: '-2px' },
  },
  opens: { cursor: 'pointer', '&:hover': { backgroundColor: tokens.colorNeutralBackground1Hover } },
  cell: { minWidth: 0, overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
  end: { textAlign: 'end', justifyContent: 'flex-end', fontVariantNumeric: 'tabular-nums' },
  card: {
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1fr)',
    rowGap: tokens.spacingVerticalXXS,
    padding: `${tokens.spacingVerticalM} ${tokens.spacingHorizontalL}`,
    minWidth: 0,
  },
  part: {
    display: 'flex',
    gap: tokens.spacingHorizontalS,
    alignItems: 'baseline',
    minWidth: 0,
    overflowWrap: 'anywhere',
  },
  first: { fontWeight: tokens.fontWeightSemibold },
  label: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200, flexShrink: 0 },
});

const ROW_PX = 48;
const CARD_PX = 120;
const HEAD_PX = 44;
/** So many rows before the last one the next page is asked for. */
const NEAR_END = 20;

/**
 * A list of any length: only the rows in sight are in the page. Arrow keys, Page, Home and End move; Enter opens. On a phone each
 * row is a card. `name` says what the list holds, for who does not see it.
 */
export function DataTable<T>(props: {
  name: string;
  rows: T[];
  columns: Column<T>[];
  rowKey: (row: T) => string;
  onOpen?: (row: T) => void;
  /** In place of the usual words where there are no rows. */
  empty?: ReactNode;
  /** Most height of the list; it scrolls within. */
  height?: string;
  /** The end is near: a list that comes page by page asks for the next one. */
  onEnd?: (() => void) | undefined;
}) {
  const styles = useStyles();
  const texts = useTexts();
  const locale = localeOf(useLang());
  const isPhone = useIsPhone();
  const frame = useRef<HTMLDivElement>(null);
  const [focus, setFocus] = useState(0);
  const [order, setOrder] = useState<{ id: string; down: boolean } | null>(null);
  const { columns, onOpen } = props;

  const rows = useMemo(() => {
    const sort = columns.find(column => column.id === order?.id)?.sort;
    if (sort === undefined || order === null) return props.rows;
    const compare = new Intl.Collator(locale, { numeric: true }).compare;
    const sorted = [...props.rows].sort((a, b) => {
      const [x, y] = [sort(a), sort(b)];
      return typeof x === 'number' && typeof y === 'number' ? x - y : compare(String(x), String(y));
    });
    return order.down ? sorted.reverse() : sorted;
  }, [props.rows, columns, order, locale]);

  // oxlint-disable-next-line react/incompatible-library -- nothing here is memoised by what it answers
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => frame.current,
    estimateSize: () => (isPhone ? CARD_PX : ROW_PX),
    overscan: 6,
    getItemKey: index => {
      const row = rows[index];
      return row === undefined ? index : props.rowKey(row);
    },
  });

  const { onEnd } = props;
  const isNearEnd = (virtual.getVirtualItems().at(-1)?.index ?? -1) >= rows.length - NEAR_END;
  useEffect(() => {
    if (isNearEnd && rows.length > 0) onEnd?.();
  }, [isNearEnd, rows.length, onEnd]);

  if (rows.length === 0) return props.empty ?? <Empty />;

  const last = rows.length - 1;
  const current = Math.min(focus, last);
  const move = (to: number) => {
    const next = Math.max(0, Math.min(last, to));
    setFocus(next);
    virtual.scrollToIndex(next, { align: 'auto' });
    // The row may be drawn only after the list has moved.
    requestAnimationFrame(() => frame.current?.querySelector<HTMLElement>(`[data-index="${next}"]`)?.focus());
  };
  const page = Math.max(1, Math.floor((frame.current?.clientHeight ?? 400) / ROW_PX) - 2);
  const onKeyDown = (event: KeyboardEvent<HTMLElement>, index: number) => {
    if (event.target !== event.currentTarget) return;
    const to = new Map([
      ['ArrowDown', index + 1],
      ['ArrowUp', index - 1],
      ['PageDown', index + page],
      ['PageUp', index - page],
      ['Home', 0],
      ['End', last],
    ]).get(event.key);
    const row = rows[index];
    if (to !== undefined) {
      event.preventDefault();
      move(to);
    } else if (event.key === 'Enter' && row !== undefined && onOpen !== undefined) {
      event.preventDefault();
      onOpen(row);
    }
  };

  const shown = isPhone ? columns.filter(column => column.wideOnly !== true) : columns;
  const template = columns.map(column => column.width ?? 'minmax(8rem, 1fr)').join(' ');
  // What the columns need at least, so that a narrow frame scrolls sideways and rows stay as wide as their head.
  const least = columns
    .map(column => `${/([\d.]+)rem/.exec(column.width ?? '8rem')?.[1] ?? '8'}rem + 12px`)
    .join(' + ');
  const minWidth = isPhone ? 0 : `calc(${least} + 20px)`;
  const rest = isPhone ? 0 : HEAD_PX;
  const height = `min(${virtual.getTotalSize() + rest + 2}px, ${props.height ?? 'max(20rem, calc(100dvh - 20rem))'})`;

  return (
    <div
      ref={frame}
      className={styles.frame}
      style={{ height, maxHeight: 'none' }}
      role="grid"
      aria-label={props.name}
      aria-rowcount={rows.length + 1}
      aria-colcount={shown.length}
    >
      <div role="rowgroup" className={mergeClasses(!isPhone && styles.head)} hidden={isPhone}>
        <div
          role="row"
          aria-rowindex={1}
          className={styles.line}
          style={{ gridTemplateColumns: template, height: '100%', minWidth }}
        >
          {columns.map(column => {
            const direction = order?.id === column.id ? (order.down ? 'descending' : 'ascending') : undefined;
            return (
              <div
                key={column.id}
                role="columnheader"
                className={mergeClasses(styles.cell, column.end === true && styles.end)}
                {...(direction === undefined ? {} : { 'aria-sort': direction })}
              >
                {column.sort === undefined ? (
                  column.label
                ) : (
                  <Button
                    appearance="transparent"
                    size="small"
                    className={styles.sort}
                    iconPosition="after"
                    icon={
                      direction === undefined ? null : direction === 'ascending' ? (
                        <ArrowUpRegular aria-label={texts.parts.sortUp} />
                      ) : (
                        <ArrowDownRegular aria-label={texts.parts.sortDown} />
                      )
                    }
                    onClick={() => setOrder({ id: column.id, down: direction === 'ascending' })}
                  >
                    {column.label}
                  </Button>
                )}
              </div>
            );
          })}
        </div>
      </div>
      <div role="rowgroup" className={styles.body} style={{ height: virtual.getTotalSize(), minWidth }}>
        {virtual.getVirtualItems().map(item => {
          const row = rows[item.index];
          if (row === undefined) return null;
          return (
            <div
              key={item.key}
              ref={isPhone ? virtual.measureElement : undefined}
              data-index={item.index}
              role="row"
              aria-rowindex={item.index + 2}
              tabIndex={item.index === current ? 0 : -1}
              className={mergeClasses(
                styles.row,
                isPhone ? styles.card : styles.line,
                onOpen !== undefined && styles.opens,
              )}
              style={{
                transform: `translateY(${item.start}px)`,
                ...(isPhone ? {} : { gridTemplateColumns: template, height: ROW_PX }),
              }}
              onFocus={() => setFocus(item.index)}
              onKeyDown={event => onKeyDown(event, item.index)}
              onClick={event => {
                // What stands in a cell and can be clicked answers for itself.
                if ((event.target as HTMLElement).closest('a,button,input') === null) onOpen?.(row);
              }}
            >
              {shown.map((column, index) => (
                <div
                  key={column.id}
                  role="gridcell"
                  className={
                    isPhone
                      ? mergeClasses(styles.part, index === 0 && styles.first)
                      : mergeClasses(styles.cell, column.end === true && styles.end)
                  }
                >
                  {isPhone && index > 0 && column.label !== '' && <span className={styles.label}>{column.label}</span>}
                  {column.cell(row)}
                </div>
              ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}
