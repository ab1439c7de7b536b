import { Input, makeStyles, Select, tokens } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useDeferredValue } from 'react';

import { useMe } from '../../api/queries';
import { Amount, Facts, Field, Loaded, PHONE, Section, useInAddress, When } from '../../parts';
import { booksQuery, marketQuery, previewQuery, requestsQuery } from './queries';
import { useWords } from './texts';

const useStyles = makeStyles({
  fields: {
    display: 'grid',
    gridTemplateColumns: 'repeat(auto-fit, minmax(11rem, 1fr))',
    gap: tokens.spacingHorizontalL,
  },
  tiers: {
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1fr)',
    gap: tokens.spacingVerticalS,
    margin: 0,
    padding: 0,
    listStyleType: 'none',
  },
  tier: {
    display: 'grid',
    gridTemplateColumns: 'minmax(8rem, 1fr) repeat(3, minmax(6rem, 1fr))',
    gap: tokens.spacingHorizontalM,
    padding: tokens.spacingHorizontalM,
    borderRadius: tokens.borderRadiusLarge,
    backgroundColor: tokens.colorNeutralBackground2,
    alignItems: 'center',
    [PHONE]: { gridTemplateColumns: '1fr 1fr' },
  },
  dim: { display: 'block', color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
  figure: { fontVariantNumeric: 'tabular-nums' },
  margin: { color: tokens.colorPaletteGreenForeground1, fontWeight: tokens.fontWeightSemibold },
});

/** What the caller has met under a short name, so that nobody has to know one by heart. */
function useItems(): string[] {
  const me = useMe();
  const isPartner = me.role !== 'operator';
  const books = useQuery({ ...booksQuery, enabled: isPartner }).data ?? [];
  const market = useQuery({ ...marketQuery(''), enabled: me.role === 'indirect_reseller' }).data ?? [];
  const requests = useQuery({ ...requestsQuery, enabled: isPartner }).data ?? [];
  const all = [...books.map(one => one.item), ...market.map(one => one.item), ...requests.map(one => one.item)];
  return [...new Set(all.filter(item => item !== null && item !== undefined))].sort();
}

/** What an item costs and brings: the caller's own tier, and for the operator every tier. */
export function Preview() {
  const styles = useStyles();
  const words = useWords();
  const me = useMe();
  const items = useItems();
  const [item, setItem] = useInAddress('item');
  const [term, setTerm] = useInAddress('term');
  const [customer, setCustomer] = useInAddress('customer');
  const [reseller, setReseller] = useInAddress('reseller');
  const [provider, setProvider] = useInAddress('provider');
  const shown = item === '' ? (items[0] ?? '') : item;
  const asked = useDeferredValue({ item: shown, term, customer, reseller, provider });
  const preview = useQuery(previewQuery(asked));
  const field = (label: string, value: string, set: (value: string) => void) => (
    <Field label={label}>
      <Input value={value} onChange={(_, data) => set(data.value.trim())} />
    </Field>
  );
  return (
    <Section title={words.preview} lead={me.role === 'operator' ? words.previewLeadOperator : words.previewLead}>
      <div className={styles.fields}>
        <Field label={words.item}>
          <Input value={shown} list="catalogue-items" onChange={(_, data) => setItem(data.value.trim())} />
        </Field>
        <datalist id="catalogue-items">
          {items.map(one => (
            <option key={one} value={one} />
          ))}
        </datalist>
        <Field label={words.term}>
          <Select value={term} onChange={(_, data) => setTerm(data.value)}>
            {['', 'P1M', 'P1Y', 'P3Y'].map(one => (
              <option key={one} value={one}>
                {words.terms[one]}
              </option>
            ))}
          </Select>
        </Field>
        {field(words.customer, customer, setCustomer)}
        {me.role !== 'indirect_reseller' && me.role !== 'direct_bill' && field(words.reseller, reseller, setReseller)}
        {me.role === 'operator' && field(words.provider, provider, setProvider)}
      </div>
      {shown !== '' && (
        <Loaded query={preview} lines={3}>
          {data => (
            <>
              <ul className={styles.tiers} aria-label={words.tiers}>
                {data.tiers.map(tier => (
                  <li key={tier.partner} className={styles.tier} data-tier={tier.partner}>
                    <strong>{tier.partner}</strong>
                    <span className={styles.figure}>
                      <span className={styles.dim}>{words.pays}</span>
                      <Amount of={tier.cost} />
                    </span>
                    <span className={styles.figure}>
                      <span className={styles.dim}>{words.asks}</span>
                      <Amount of={tier.price} />
                    </span>
                    <span className={styles.figure}>
                      <span className={styles.dim}>{words.margin}</span>
                      <span className={styles.margin}>{tier.margin ?? '0'} %</span>
                    </span>
                  </li>
                ))}
              </ul>
              <Facts
                items={[
                  { label: words.term, value: words.terms[data.term] ?? data.term },
                  { label: words.day, value: <When at={data.day} /> },
                  { label: words.retail, value: data.retail && <Amount of={data.retail} /> },
                  { label: words.retailMargin, value: data.retailMargin && `${data.retailMargin} %` },
                ]}
              />
            </>
          )}
        </Loaded>
      )}
    </Section>
  );
}
