import { makeStyles, tokens } from '@fluentui/react-components';
import { queryOptions, useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';

import { api, got } from '../api/client';
import type { Answered } from '../api/shapes';
import { useTexts } from '../texts';
import { lang } from '../texts/lang';
import type { Deal } from './deals';
import { Decision } from './Decision';
import { Loaded } from './Loaded';
import { Amount } from './Amount';
import { When } from './When';

export type Rehearsal = Answered<'/program/v1/rehearsals', 'post'>;

/** What a command would do: it is carried out and undone. `then` is decided on in the state that it leaves. */
export const rehearsalQuery = (deal: Deal, then: Deal[] = []) =>
  queryOptions({
    queryKey: ['rehearsal', deal, then, lang.get()],
    queryFn: (): Promise<Rehearsal> => got(api.POST('/program/v1/rehearsals', { body: { ...deal, then } })),
    // What would be depends on the instant.
    staleTime: 0,
  });

const useStyles = makeStyles({
  sums: { display: 'grid', gap: tokens.spacingVerticalXS },
  sum: { fontSize: tokens.fontSizeBase400, fontWeight: tokens.fontWeightSemibold, margin: 0 },
  list: { listStyleType: 'none', margin: 0, padding: 0, display: 'grid', gap: tokens.spacingVerticalXS },
  line: {
    display: 'flex',
    flexWrap: 'wrap',
    justifyContent: 'space-between',
    columnGap: tokens.spacingHorizontalL,
    color: tokens.colorNeutralForeground2,
    fontVariantNumeric: 'tabular-nums',
  },
});

/** What would be booked: each amount, and what they come to. */
function Booked(props: { rehearsal: Rehearsal }) {
  const styles = useStyles();
  const texts = useTexts();
  const { charges, sums } = props.rehearsal;
  if (charges.length === 0) return <p className={styles.sum}>{texts.rehearsal.nothing}</p>;
  return (
    <div className={styles.sums} data-sums={sums.join(' ')}>
      {sums.map(sum => {
        const isBack = sum.includes('-');
        return (
          <p key={sum} className={styles.sum}>
            {isBack ? texts.rehearsal.back : texts.rehearsal.pay}: <Amount of={sum.replace('-', '')} />
          </p>
        );
      })}
      <ul className={styles.list}>
        {charges.map((charge, index) => (
          <li key={index} className={styles.line}>
            <span>
              <When at={charge.from} /> – <When at={charge.until} />
            </span>
            <span title={charge.basis}>
              <Amount of={charge.amount} />
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

/**
 * The preview of a command: refused with its rules, or what it would book and leave behind. `money` is left out where a command
 * books nothing anyway.
 */
export function Preview(props: {
  deal: Deal;
  then?: Deal[];
  money?: boolean;
  /** What else follows from it. */
  children?: (rehearsal: Rehearsal) => ReactNode;
}) {
  const rehearsal = useQuery(rehearsalQuery(props.deal, props.then));
  return (
    <Loaded query={rehearsal} lines={2}>
      {data => (
        <>
          {!data.decision.allowed && <Decision decision={data.decision} />}
          {data.decision.allowed && props.money !== false && <Booked rehearsal={data} />}
          {data.decision.allowed && props.children?.(data)}
        </>
      )}
    </Loaded>
  );
}

/** Whether a command would go through, as far as it is known; without one nothing is. */
export function useMay(deal: Deal | null, then: Deal[] = []): boolean {
  const query = useQuery({ ...rehearsalQuery(deal ?? { verb: '', params: {} }, then), enabled: deal !== null });
  return deal !== null && (query.data?.decision.allowed ?? false);
}
