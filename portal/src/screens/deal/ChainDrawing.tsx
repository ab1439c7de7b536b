import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { ArrowDownRegular, ArrowRightRegular } from '@fluentui/react-icons';

import type { ChainView } from '../../api/shapes';
import { PHONE, useIsPhone } from '../../parts';
import { useWords } from './texts';

const useStyles = makeStyles({
  all: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM },
  chain: {
    display: 'flex',
    alignItems: 'stretch',
    flexWrap: 'wrap',
    rowGap: tokens.spacingVerticalM,
    listStyleType: 'none',
    margin: 0,
    padding: 0,
    [PHONE]: { flexDirection: 'column', alignItems: 'stretch', rowGap: 0 },
  },
  link: { display: 'flex', minWidth: 0, [PHONE]: { flexDirection: 'column' } },
  box: {
    display: 'flex',
    flexDirection: 'column',
    justifyContent: 'center',
    minWidth: '4.5rem',
    padding: `${tokens.spacingVerticalS} ${tokens.spacingHorizontalM}`,
    border: `${tokens.strokeWidthThick} solid ${tokens.colorNeutralStrokeAccessible}`,
    borderRadius: tokens.borderRadiusLarge,
    backgroundColor: tokens.colorNeutralBackground2,
    overflowWrap: 'anywhere',
  },
  isEnd: { backgroundColor: tokens.colorNeutralBackground3 },
  refused: { border: `${tokens.strokeWidthThick} solid ${tokens.colorStatusDangerBorder2}` },
  role: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
  name: { fontWeight: tokens.fontWeightSemibold },
  arrow: {
    display: 'flex',
    flexDirection: 'column',
    alignItems: 'center',
    justifyContent: 'center',
    minWidth: '2.75rem',
    paddingInline: tokens.spacingHorizontalXS,
    color: tokens.colorNeutralForeground2,
    fontSize: tokens.fontSizeBase200,
    [PHONE]: {
      flexDirection: 'row',
      justifyContent: 'flex-start',
      gap: tokens.spacingHorizontalS,
      padding: `${tokens.spacingVerticalXS} ${tokens.spacingHorizontalL}`,
    },
  },
  sign: { fontSize: '20px' },
  dim: { margin: 0, color: tokens.colorNeutralForeground2 },
});

/** Who stands between the operator and the customer, who bills whom, and who supports. */
export function ChainDrawing(props: { chain: ChainView; allowed: boolean }) {
  const styles = useStyles();
  const words = useWords();
  const isPhone = useIsPhone();
  const { links, bills, supports } = props.chain;
  const roleOf = (index: number) => {
    if (index === 0) return words.roles.operator;
    if (index === links.length - 1) return links.length > 2 ? words.roles.customer : words.roles.partner;
    return index === 1 ? words.roles.seller : words.roles.reseller;
  };
  const Arrow = isPhone ? ArrowDownRegular : ArrowRightRegular;
  return (
    <div className={styles.all}>
      <ol className={styles.chain} aria-label={words.drawn} data-chain={links.join(' ')}>
        {links.map((name, index) => {
          const before = links[index - 1];
          const isBilled = bills.some(bill => bill.from === before && bill.to === name);
          return (
            <li key={`${index} ${name}`} className={styles.link}>
              {index > 0 && (
                <span className={styles.arrow}>
                  <Arrow className={styles.sign} aria-hidden />
                  <span>{isBilled ? words.bills : words.noBill}</span>
                </span>
              )}
              <span
                className={mergeClasses(
                  styles.box,
                  !props.allowed && styles.refused,
                  (index === 0 || index === links.length - 1) && styles.isEnd,
                )}
              >
                <span className={styles.role}>{roleOf(index)}</span>
                <span className={styles.name}>{name}</span>
              </span>
            </li>
          );
        })}
      </ol>
      {links.length > 2 && <p className={styles.dim}>{words.supports(supports.by ?? '', supports.customer ?? '')}</p>}
    </div>
  );
}
